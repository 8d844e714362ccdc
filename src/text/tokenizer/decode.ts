/**
 * The `decoder` of tokenizer.json: token strings back to text, step by step as the reference does it. Our own, because
 * the library's decodes byte runs and added tokens differently from the reference and searches all added tokens for
 * every token.
 */
import type { ConfigReader } from '../configReader';
import { bytesOfLetters } from './byteLetters';
import { applyPattern, readPattern } from './patterns';

/** Rewrites a list of token strings; the results are joined at the end. */
export type Decoder = (tokens: readonly string[]) => string[];

const supported = ['Sequence', 'ByteLevel', 'ByteFallback', 'Fuse', 'Strip', 'Replace', 'Metaspace', 'BPEDecoder'];

/** Without a decoder tokens are joined by spaces. Throws a UserError on a kind that is not supported. */
export function createDecoder(config: ConfigReader | undefined): Decoder {
  if (config === undefined) return (tokens) => [tokens.join(' ')];
  const type = config.string('type');
  switch (type) {
    case 'Sequence': {
      const steps = config.objects('decoders').map(createDecoder);
      return (tokens) => steps.reduce<string[]>((current, step) => step(current), [...tokens]);
    }
    case 'ByteLevel':
      return (tokens) => [decodeByteLetters(tokens)];
    case 'ByteFallback':
      return joinByteTokens;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Strip':
      return createStrip(config);
    case 'Replace': {
      const pattern = readPattern(config);
      const content = config.string('content');
      return (tokens) => applyPattern(pattern, () => tokens.map((token) => token.replace(pattern, () => content)));
    }
    case 'Metaspace': {
      const replacement = config.optionalString('replacement') ?? '▁';
      const dropFirst = config.optionalString('prepend_scheme') !== 'never';
      return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && dropFirst ? '' : ' '));
    }
    case 'BPEDecoder': {
      const suffix = config.optionalString('suffix') ?? '</w>';
      return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
    }
    default:
      throw config.unsupported('type', `"${type}"`, supported);
  }
}

const encoder = new TextEncoder();
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Tokens that are not spelled in byte letters (added ones) stand for themselves. */
function decodeByteLetters(tokens: readonly string[]): string {
  const bytes: number[] = [];
  for (const token of tokens) for (const byte of bytesOfLetters(token) ?? encoder.encode(token)) bytes.push(byte);
  return lenient.decode(Uint8Array.from(bytes));
}

const byteToken = /^<0x([0-9A-Fa-f]{2})>$/;

/** The byte that a `<0xNN>` token stands for. */
export function byteOfToken(token: string): number | undefined {
  const hexadecimal = byteToken.exec(token)?.[1];
  return hexadecimal === undefined ? undefined : Number.parseInt(hexadecimal, 16);
}

/** A run of byte tokens that is no valid UTF-8 becomes one replacement character per byte. */
function joinByteTokens(tokens: readonly string[]): string[] {
  const joined: string[] = [];
  let run: number[] = [];
  const flush = () => {
    if (run.length > 0) joined.push(...decodeRun(run));
    run = [];
  };
  for (const token of tokens) {
    const byte = byteOfToken(token);
    if (byte !== undefined) {
      run.push(byte);
      continue;
    }
    flush();
    joined.push(token);
  }
  flush();
  return joined;
}

function decodeRun(run: readonly number[]): string[] {
  try {
    return [strict.decode(Uint8Array.from(run))];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return run.map(() => '\ufffd');
  }
}

function createStrip(config: ConfigReader): Decoder {
  const content = config.string('content');
  const start = config.integer('start', 1024);
  const stop = config.integer('stop', 1024);
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token);
      let from = 0;
      while (from < start && from < characters.length && characters[from] === content) from += 1;
      let to = characters.length;
      while (characters.length - to < stop && to > from && characters[to - 1] === content) to -= 1;
      return characters.slice(from, to).join('');
    });
}
