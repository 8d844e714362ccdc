import type { ReadCell } from '../../analyses/probing/cellFigures';
import {
  conceptProbe,
  type FoundDirection,
  findDirections,
  planConcept,
} from '../../analyses/probing/conceptDirections';
import { readLayerStates, type StateSource } from '../../analyses/probing/layerStates';
import {
  labelProbe,
  type ModelStates,
  planLabelTask,
  probeBaselinesOf,
  probeLayers,
  startProbeRun,
} from '../../analyses/probing/probeLabel';
import type { ConceptTaskRequest, LabelTaskRequest, ProbeRequest, ProbeResult } from '../../protocol/probing';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { announceProbe, type OpenProbe, openProbe, type ProbedDataRow, wantsRandom } from '../openProbe';
import { checkProbe } from '../probingShapes';
import { dataProblem } from './score';

/** What can be read linearly in the residual stream of a model, and of the one that it came from. */
export const probe: Job<ProbeRequest, ProbeResult> = { check: checkProbe, run: probeModel };

async function probeModel(request: ProbeRequest, context: JobContext): Promise<ProbeResult> {
  const open = await openProbe(request, context);
  const { task } = request;
  const found = await (task.kind === 'label'
    ? probeForLabel(request, task, open, context)
    : probeForConcept(request, task, open, context));
  return {
    model: open.identity,
    base: open.baseIdentity ?? null,
    layers: open.layers,
    positions: request.positions,
    ...found,
    problems: open.problems.map(dataProblem),
    warnings: open.warnings,
  };
}

type Found = Pick<ProbeResult, 'probe' | 'computed'>;

async function probeForLabel(
  request: ProbeRequest,
  task: LabelTaskRequest,
  open: OpenProbe,
  context: JobContext,
): Promise<Found> {
  const { places, layers, sources, threads } = open;
  const all = await open.readRows(request.data);
  const plan = planLabelTask(all, task, places, request.seed);
  open.warnings.push(...plan.warnings);
  const rows = plan.rows as readonly ProbedDataRow[];
  const random = wantsRandom(request, open) ? await open.random() : undefined;
  await announceProbe(request, open, random, rows, context);

  const models = [...sources, ...(random === undefined ? [] : [{ name: 'random' as const, source: random }])];
  const probes =
    models.length * layers.length * places.length +
    (task.baselines.includes('words') ? new Set(places.map(({ sees }) => sees)).size : 0) +
    (task.baselines.includes('embedding') ? places.length * sources.length : 0);
  let done = 0;
  const run = startProbeRun(plan, threads, request.seed, () =>
    context.progress({ stage: 'probes', done: ++done, total: probes, unit: 'probes' }),
  );
  try {
    const cells: ReadCell[] = [];
    const baselines: ReadCell[] = [];
    let computed = 0;
    for (const { name, source } of models) {
      const read = await statesOf(source, name, rows, request, open, context);
      computed += read.computed;
      const model: ModelStates = { name, states: read.states };
      const probed = await probeLayers(model, plan, layers, places, run);
      if (name === 'random') {
        baselines.push(...probed);
        continue;
      }
      cells.push(...probed);
      const of = name === 'tuned' ? plan : { ...plan, request: { ...task, baselines: withoutWords(task) } };
      baselines.push(...(await probeBaselinesOf(model, of, places, run)));
    }
    return { probe: labelProbe(plan, cells, baselines, run), computed };
  } finally {
    await run.release();
  }
}

/** The words are the same for every model. */
function withoutWords({ baselines }: LabelTaskRequest): LabelTaskRequest['baselines'] {
  return baselines.filter((name) => name !== 'words');
}

async function probeForConcept(
  request: ProbeRequest,
  task: ConceptTaskRequest,
  open: OpenProbe,
  context: JobContext,
): Promise<Found> {
  const [positive, negative, projected] = [
    await open.readRows(task.positive),
    await open.readRows(task.negative),
    await open.readRows(request.data),
  ];
  const names = (data: ConceptTaskRequest['positive']): string => data.map(({ label }) => label).join(', ');
  const plan = planConcept(
    { positive, negative, projected },
    { positive: names(task.positive), negative: names(task.negative) },
    request.seed,
  );
  const rows = [...positive, ...negative, ...projected];
  await announceProbe(request, open, undefined, rows, context);
  const found: FoundDirection[] = [];
  let computed = 0;
  for (const { name, source } of open.sources) {
    const read = await statesOf(source, name, rows, request, open, context);
    computed += read.computed;
    found.push(...findDirections(name, read.states, plan, open.layers, open.places));
  }
  return { probe: conceptProbe(plan, found), computed };
}

function statesOf(
  source: StateSource,
  name: string,
  rows: readonly ProbedDataRow[],
  { batchSize }: ProbeRequest,
  { places }: OpenProbe,
  context: JobContext,
): ReturnType<typeof readLayerStates> {
  return readLayerStates(source, rows, places, batchSize, (done, total) =>
    context.progress({ stage: `states, ${name}`, done, total, unit: 'rows' }),
  );
}
