/** The `normalizer` of tokenizer.json: rewrites a text before it is split, and keeps the alignment to the source. */
import { PrecompiledNormalizer } from '@huggingface/tokenizers';
import type { ConfigReader } from '../configReader';
import { type AlignedText, prependAligned, replaceAligned, rewriteAligned, sliceAligned } from './alignedText';
import { toByteLetters } from './byteLetters';
import { applyPattern, readPattern } from './patterns';

export type Normalizer = (text: AlignedText) => AlignedText;

const supported = [
  'Sequence',
  'NFC',
  'NFD',
  'NFKC',
  'NFKD',
  'Lowercase',
  'Strip',
  'StripAccents',
  'Prepend',
  'Replace',
  'ByteLevel',
  'Precompiled',
];

/** undefined: the text stays as it is. Throws a UserError on a kind that is not supported. */
export function createNormalizer(config: ConfigReader | undefined): Normalizer | undefined {
  if (config === undefined) return undefined;
  const type = config.string('type');
  switch (type) {
    case 'Sequence': {
      const steps = config.objects('normalizers').map(createNormalizer);
      return (text) => steps.reduce((current, step) => step?.(current) ?? current, text);
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => rewriteAligned(text, (part) => part.normalize(type));
    case 'Lowercase':
      return (text) => rewriteAligned(text, lowercase);
    case 'Strip':
      return createStrip(config);
    case 'StripAccents':
      return (text) => replaceAligned(text, /\p{M}+/gu, '');
    case 'Prepend': {
      const prefix = config.string('prepend');
      return (text) => (text.text === '' ? text : prependAligned(text, prefix));
    }
    case 'Replace': {
      const pattern = readPattern(config);
      const content = config.string('content');
      return (text) => applyPattern(pattern, () => replaceAligned(text, pattern, content));
    }
    case 'ByteLevel':
      return toByteLetters;
    case 'Precompiled': {
      const charsMap = config.string('precompiled_charsmap');
      const library = new PrecompiledNormalizer({ type, precompiled_charsmap: charsMap });
      return (text) => rewriteAligned(text, (part) => library.normalize(part));
    }
    default:
      throw config.unsupported('type', `"${type}"`, supported);
  }
}

/** Character by character, as the reference does: JavaScript's own rule looks at the neighbours of a final sigma. */
function lowercase(text: string): string {
  return Array.from(text, (character) => character.toLowerCase()).join('');
}

function createStrip(config: ConfigReader): Normalizer {
  const left = config.optionalBoolean('strip_left') ?? true;
  const right = config.optionalBoolean('strip_right') ?? true;
  return (text) => {
    const from = left ? /^\p{White_Space}*/u.exec(text.text)![0].length : 0;
    const to = right ? from + text.text.slice(from).replace(/\p{White_Space}+$/u, '').length : text.text.length;
    return sliceAligned(text, from, to);
  };
}
