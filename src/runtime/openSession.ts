/**
 * runtime/ is the only importer of onnxruntime-node: devices, sessions, feeds. It knows nothing of models, of how graphs
 * are made, or of jobs, and it never chooses a device by itself: asked for one that the build lacks, it refuses.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { internalError, UserError } from '../protocol/errors';
import type { DeviceName } from '../protocol/requests';
import { absentDevice, devices, isInBuild } from './devices';
import { firstLine, type Library, listBackends, loadLibrary } from './onnxruntime';
import { type EncodedGraph, mismatch, type TensorData, type TensorDescription, type Tensors } from './tensors';

export interface SessionOptions {
  readonly device: DeviceName;
  /** Threads of one operator on the CPU. */
  readonly threads: number;
  /** Folder that the locations of the graph's weights are relative to: the root of their file system (`weightsRoot`). */
  readonly weightsFolder: string;
  /**
   * `mapped`: weights stay in the file, shared by every process that maps it. `packed`: each matrix is copied at the
   * start into the layout that products like, twice where it is also read transposed: 4 bytes a parameter and layout of
   * anonymous memory, half a second for 135 M parameters. It halves the time of products with up to 8 rows (generation),
   * saves 24 % at 128 rows, 13 % at 256, 6 % at 512.
   */
  readonly weights: 'mapped' | 'packed';
  /**
   * `kept`: memory of intermediate values stays with the session between runs. `returned`: it goes back to the system
   * after each run, which costs about 8 % of the time of a training step.
   */
  readonly workspace: 'kept' | 'returned';
  /** `off`, or where to write a trace of every operator's time: this prefix and a date. */
  readonly profile: 'off' | { readonly prefix: string };
}

/** A graph ready to run on one device. */
export interface Session {
  readonly device: DeviceName;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /**
   * Runs the graph; blocks the thread meanwhile. Runs of one process never overlap.
   *
   * @param feeds every input, of exactly its type and size
   * @returns every output, in buffers of their own
   * @throws internal error for a wrong feed; UserError `out-of-memory`; UserError `session-failed`
   */
  run(feeds: Tensors): Promise<Record<string, TensorData>>;
  /** Waits for runs in progress, then frees the session. Asking twice is fine; running afterwards is an error. */
  release(): Promise<void>;
}

/**
 * Opens a session.
 *
 * @throws UserError `device-absent` where the build has no such device, `device-unavailable` where the machine has
 *   not, `out-of-memory`, `session-failed`
 */
export async function openSession(graph: EncodedGraph, options: SessionOptions): Promise<Session> {
  const library = await loadLibrary();
  await requireDevice(options.device);
  const native = await library.InferenceSession.create(graph.bytes, nativeOptions(options)).catch((cause: unknown) => {
    throw openFailure(options.device, cause);
  });
  return new OpenSession(library, native, graph, options);
}

async function requireDevice(device: DeviceName): Promise<void> {
  const backends = await listBackends();
  if (isInBuild(device, backends) === 'present') return;
  throw absentDevice(device, backends);
}

/**
 * The options measured as good: graphs are run as they were written (`disabled`: the higher levels gained no time and
 * fold transposed weights into copies); memory patterns double the peak; idle threads that spin slow a machine that
 * does other work.
 */
function nativeOptions(options: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [devices[options.device].configuration],
    graphOptimizationLevel: 'disabled',
    executionMode: 'sequential',
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    enableMemPattern: false,
    enableCpuMemArena: options.workspace === 'kept',
    // What goes wrong is thrown and reported; the native log would only repeat it.
    logSeverityLevel: 4,
    ...(options.profile === 'off' ? {} : { enableProfiling: true, profileFilePrefix: options.profile.prefix }),
    extra: {
      session: {
        disable_prepacking: options.weights === 'mapped' ? '1' : '0',
        model_external_initializers_file_folder_path: options.weightsFolder,
        intra_op: { allow_spinning: '0' },
      },
    },
  };
}

class OpenSession implements Session {
  readonly device: DeviceName;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  private readonly running = new Set<Promise<unknown>>();
  private released: Promise<void> | undefined;

  constructor(
    private readonly library: Library,
    private readonly native: InferenceSession,
    graph: EncodedGraph,
    private readonly options: SessionOptions,
  ) {
    this.device = options.device;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
  }

  async run(feeds: Tensors): Promise<Record<string, TensorData>> {
    if (this.released !== undefined) throw internalError('run of a released session');
    const tensors = this.feedTensors(feeds);
    const run = this.native.run(tensors);
    this.running.add(run);
    try {
      return this.results(await run);
    } catch (cause) {
      throw runFailure(this.device, cause);
    } finally {
      this.running.delete(run);
    }
  }

  release(): Promise<void> {
    this.released ??= this.free();
    return this.released;
  }

  private async free(): Promise<void> {
    await Promise.allSettled(this.running);
    if (this.options.profile !== 'off') this.native.endProfiling();
    await this.native.release();
  }

  private feedTensors(feeds: Tensors): Record<string, Tensor> {
    const known = new Set(this.inputs.map(({ name }) => name));
    for (const name of Object.keys(feeds)) {
      if (!known.has(name)) throw internalError(`the graph has no input ${name}`);
    }
    const entries = this.inputs.map((input): [string, Tensor] => {
      const data = feeds[input.name];
      if (data === undefined) throw internalError(`nothing is fed to ${input.name}`);
      const wrong = mismatch(input, data);
      if (wrong !== undefined) throw internalError(wrong);
      return [input.name, this.tensor(input, data)];
    });
    return Object.fromEntries(entries);
  }

  private tensor({ type, shape }: TensorDescription, data: TensorData): Tensor {
    // `mismatch` has held data to type; the constructor's overloads do not know that.
    return new this.library.Tensor(type as 'float32', data as Float32Array, shape);
  }

  private results(found: InferenceSession.OnnxValueMapType): Record<string, TensorData> {
    const entries = this.outputs.map((output): [string, TensorData] => {
      const tensor = found[output.name];
      if (tensor === undefined) throw internalError(`the session gave no ${output.name}`);
      // Reading a tensor that stayed on the GPU aborts the process.
      if (tensor.location !== 'cpu') throw internalError(`${output.name} stayed on ${tensor.location}`);
      const wrong = mismatch(output, tensor.data);
      if (wrong !== undefined) throw internalError(`the session's result is wrong: ${wrong}`);
      return [output.name, tensor.data as TensorData];
    });
    return Object.fromEntries(entries);
  }
}

const memoryWords = /bad_alloc|failed to allocate|out of memory|outofmemory|allocation of .* failed|not enough memory/i;

function outOfMemory(device: DeviceName, cause: unknown): UserError {
  return new UserError(
    {
      kind: 'engineFailed',
      code: 'out-of-memory',
      message: `Memory ran out on ${device}: ${firstLine(cause)}`,
      next: 'Use a smaller batch size or shorter rows, or close other programs.',
    },
    { cause },
  );
}

function openFailure(device: DeviceName, cause: unknown): UserError {
  if (memoryWords.test(firstLine(cause))) return outOfMemory(device, cause);
  if (device === 'cpu') {
    return new UserError(
      {
        kind: 'engineFailed',
        code: 'session-failed',
        message: `The graph does not load: ${firstLine(cause)}`,
        next: 'Check that the model files are complete; if they are, this is a fault of Whence: please report it.',
      },
      { cause },
    );
  }
  return new UserError(
    {
      kind: 'engineFailed',
      code: 'device-unavailable',
      message: `The device ${device} does not work on this machine: ${firstLine(cause)}`,
      next: `${devices[device].needs} Use another device, for example cpu.`,
    },
    { cause },
  );
}

function runFailure(device: DeviceName, cause: unknown): unknown {
  if (cause instanceof Error && cause.message.startsWith('internal: ')) return cause;
  if (memoryWords.test(firstLine(cause))) return outOfMemory(device, cause);
  return new UserError(
    {
      kind: 'engineFailed',
      code: 'session-failed',
      message: `The computation failed on ${device}: ${firstLine(cause)}`,
      next:
        device === 'cpu'
          ? 'This is a fault of Whence: please report it with this text.'
          : 'Use the device cpu; please report this text.',
    },
    { cause },
  );
}
