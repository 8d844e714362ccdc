/**
 * GPT-2's alphabet of bytes: every byte has a printable letter, so that byte-level BPE works on strings. Printable
 * Latin-1 bytes are their own letters; the other 68 take U+0100 and up, in order of the byte.
 */
import { type AlignedText, endOf, startOf } from './alignedText';

function isOwnLetter(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

function makeLetters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    if (isOwnLetter(byte)) return String.fromCharCode(byte);
    next += 1;
    return String.fromCharCode(next - 1);
  });
}

/** The letter of each byte. */
export const byteLetters: readonly string[] = makeLetters();

const byteOfLetter: ReadonlyMap<string, number> = new Map(byteLetters.map((letter, byte) => [letter, byte]));

/** The bytes that a token of a byte-level vocabulary stands for; undefined where a character is no byte's letter. */
export function bytesOfLetters(token: string): number[] | undefined {
  const bytes: number[] = [];
  for (const letter of token) {
    const byte = byteOfLetter.get(letter);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}

const printableAscii = /^[!-~]*$/;
const ascii = /^\p{ASCII}*$/u;
const encoder = new TextEncoder();

/** Every byte of the text's UTF-8 form as its letter; all bytes of a character stand for that whole character. */
export function toByteLetters(aligned: AlignedText): AlignedText {
  const { text } = aligned;
  if (printableAscii.test(text)) return aligned;
  let letters = '';
  if (ascii.test(text)) {
    for (let unit = 0; unit < text.length; unit++) letters += byteLetters[text.charCodeAt(unit)]!;
    return { ...aligned, text: letters };
  }
  const starts: number[] = [];
  const ends: number[] = [];
  let unit = 0;
  for (const character of text) {
    const last = unit + character.length - 1;
    for (const byte of encoder.encode(character)) {
      letters += byteLetters[byte]!;
      starts.push(startOf(aligned, unit));
      ends.push(endOf(aligned, last));
    }
    unit = last + 1;
  }
  return {
    text: letters,
    base: starts[0] ?? aligned.base,
    ranges: { starts: Int32Array.from(starts), ends: Int32Array.from(ends) },
  };
}
