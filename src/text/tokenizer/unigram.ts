/** The Unigram model: the library finds the most likely pieces, which we number and place. */
import { Unigram } from '@huggingface/tokenizers';
import type { EncodedWord, TokenModel } from './tokenModel';

export interface UnigramSettings {
  /** Pieces with their log probabilities; the id of a piece is its place. */
  readonly pieces: readonly (readonly [string, number])[];
  readonly unknownId: number;
  /** Characters that are no pieces become `<0xNN>` pieces of their UTF-8 bytes, where all of them exist. */
  readonly byteFallback: boolean;
  readonly eosToken: string | undefined;
}

export function createUnigram(settings: UnigramSettings): TokenModel {
  const idOf = new Map(settings.pieces.map(([piece], id) => [piece, id]));
  const library = new Unigram(
    {
      type: 'Unigram',
      unk_id: settings.unknownId,
      vocab: settings.pieces.map(([piece, score]): [string, number] => [piece, score]),
    },
    settings.eosToken ?? '',
  );
  const encoder = new TextEncoder();
  const bytesOf = (piece: string): number[] | undefined => {
    const ids = Array.from(encoder.encode(piece), (byte) =>
      idOf.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    return ids.every((id) => id !== undefined) ? ids : undefined;
  };

  return {
    encodeWord(word): EncodedWord {
      const ids: number[] = [];
      const starts: number[] = [];
      const ends: number[] = [];
      const push = (id: number, from: number, to: number) => {
        ids.push(id);
        starts.push(from);
        ends.push(to);
      };
      let start = 0;
      let unknownEnd = -1;
      for (const piece of library.tokenize(word)) {
        const end = start + piece.length;
        const id = idOf.get(piece);
        const bytes = id === undefined && settings.byteFallback ? bytesOf(piece) : undefined;
        if (id !== undefined) push(id, start, end);
        else if (bytes !== undefined) for (const byte of bytes) push(byte, start, end);
        else {
          // Neighbouring unknown characters make one token, always, in this model.
          if (unknownEnd === start) ends[ends.length - 1] = end;
          else push(settings.unknownId, start, end);
          unknownEnd = end;
        }
        start = end;
      }
      return { ids, starts, ends };
    },
  };
}
