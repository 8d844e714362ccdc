import type { ElementType } from './ir';

/** TensorProto.DataType */
export const dataTypes: { readonly [T in ElementType]: number } = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** Bytes of one element. */
export const elementBytes: { readonly [T in ElementType]: number } = { float32: 4, int32: 4, int64: 8, bool: 1 };
