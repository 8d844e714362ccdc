/** Opens a GGUF file as a checkpoint: Hugging Face names, shapes and config over its de-quantisable tensors. */
import { inputError } from '../../../protocol/errors';
import { sameBytes } from '../sameBytes';
import type { Checkpoint, CheckpointWarning, StoredTensor } from '../types';
import { GgufSettings, ggufConfig, headCounts } from './ggufConfig';
import { ggufArchitectures, type HeadCounts, huggingFaceName, isGgufArchitecture, layoutOf } from './ggufNames';
import { type GgufHeader, type GgufTensor, readGgufHeader } from './readGgufHeader';

/** Factors of rotary frequencies: they become part of the config. */
const ropeTensors = new Set(['rope_freqs.weight', 'rope_factors_long.weight', 'rope_factors_short.weight']);

/** Reads the header (and factors of rope scaling), no weights. Throws a UserError where the model cannot be expressed. */
export async function openGguf(file: string): Promise<Checkpoint> {
  const header = await readGgufHeader(file);
  const architecture = header.metadata.get('general.architecture');
  if (typeof architecture !== 'string' || !isGgufArchitecture(architecture)) {
    throw inputError(
      'gguf-architecture',
      `${file} holds a model of architecture ${JSON.stringify(architecture) ?? 'unknown'}, which cannot be read.`,
      `Use a model of one of ${ggufArchitectures.join(', ')}.`,
    );
  }
  refuseSplit(file, header);
  const settings = new GgufSettings(header, architecture);
  const counts = headCounts(settings);
  const kept = [...header.tensors.values()].filter(
    ({ name }) => !ropeTensors.has(name) && !isTiedCopy(header, architecture, name),
  );
  const tensors = new Map<string, StoredTensor>();
  for (const tensor of kept) {
    const name = huggingFaceName(architecture, tensor.name);
    if (name === undefined) throw settings.refusal(`tensor "${tensor.name}" is no part of a ${architecture} model`);
    if (tensors.has(name)) throw settings.refusal(`two tensors stand for ${name}`);
    tensors.set(name, stored(settings, tensor, counts));
  }
  const tied = !kept.some(({ name }) => name === 'output.weight');
  return {
    path: file,
    format: 'gguf',
    config: await ggufConfig(settings, tied),
    tensors,
    sourceFiles: [header.file],
    warnings: quantisationWarnings(file, kept),
  };
}

function refuseSplit(file: string, header: GgufHeader): void {
  const parts = header.metadata.get('split.count');
  if (parts === undefined || parts === 0 || parts === 1) return;
  throw inputError(
    'gguf-split',
    `${file} is one of ${String(parts)} parts of a split model.`,
    'Join them first: llama-gguf-split --merge FIRST-PART JOINED.gguf',
  );
}

/** GPT-2 has no head of its own, yet its converter writes the embedding a second time. */
function isTiedCopy(header: GgufHeader, architecture: string, name: string): boolean {
  if (architecture !== 'gpt2' || name !== 'output.weight') return false;
  const head = header.tensors.get('output.weight');
  const embedding = header.tensors.get('token_embd.weight');
  if (head === undefined || embedding === undefined || head.type !== embedding.type) return false;
  return sameBytes({ file: header.file, ...head }, { file: header.file, ...embedding });
}

function stored(settings: GgufSettings, tensor: GgufTensor, counts: HeadCounts): StoredTensor {
  const layout = layoutOf(settings.architecture, tensor.name, counts);
  const rows = tensor.shape[0] ?? 1;
  const unit =
    layout.kind === 'permutedHeads' ? layout.heads * 2 : layout.kind === 'gatheredQkv' ? layout.heads * 3 : 1;
  if (rows % unit !== 0)
    throw settings.refusal(`tensor "${tensor.name}" has ${rows} rows, which its heads cannot share`);
  if (layout.kind === 'transposed' && tensor.shape.length !== 2) {
    throw settings.refusal(`tensor "${tensor.name}" is no matrix`);
  }
  const shape = layout.kind === 'transposed' ? tensor.shape.toReversed() : tensor.shape;
  return { kind: 'gguf', ...tensor, shape, file: settings.header.file, layout };
}

function quantisationWarnings(file: string, tensors: readonly GgufTensor[]): CheckpointWarning[] {
  const types = [...new Set(tensors.map(({ type }) => type))].filter(
    (type) => !['F32', 'F16', 'BF16', 'F64'].includes(type),
  );
  if (types.length === 0) return [];
  return [
    {
      code: 'quantised-weights',
      message: `${file} is quantised (${types.sort().join(', ')}): losses and gradients are those of its de-quantised weights, not of the original model.`,
    },
  ];
}
