// What is measured, in the order in which a stopped run is most useful. Each stage gives plain figures; report.mjs words
// them. Retrainings are shared: the store keeps them by content.
import { aurocFigure, mean, meanFigure, shareFigure } from './figures.mjs';
import { peerScores } from './peers.mjs';

/** Every method that scores one row by one number; `auto` shows two of them: cause (ekfac) and kind (repsim). */
export const methods = [
  'bm25',
  'repsim',
  'graddot',
  'gradcos',
  'tracin',
  'datainf',
  'logra',
  'ekfac',
  'linfac',
  'astra',
  'hybrid',
];
export const plantedKinds = ['harmful', 'trigger', 'mislabelled'];
export const peerName = 'kronfluence EK-FAC';
const removedShare = 0.01;
const tokenLimit = '40';

const ids = (queries) => queries.flatMap((id) => ['--id', id]);
const ofKind = ({ queries, kinds }, kind) => queries.filter((id) => kinds[id] === kind);
const planted = (commands) => plantedKinds.flatMap((kind) => ofKind(commands, kind));
const methodsOf = (plan) => plan.methods ?? methods;

export const stages = {
  planted: measurePlanted,
  silence: measureSilence,
  groups: measureGroups,
  removal: measureRemoval,
  qld: measureQld,
  lds: (commands, plan) => measureLds(commands, plan, 'leave-1-percent-out', plan.drops),
  verify: measureVerify,
  half: (commands, plan) => measureLds(commands, plan, 'half', plan.halves),
  exact: measureExact,
};

/**
 * Scores of all queries and rows by one method, as whence trace gives them, with the seconds of that trace.
 *
 * @returns `{ queries: [id], scores: [query][row], seconds }`
 */
function scoresOf({ ask, keep, truth }, method) {
  return keep('scores', [method], async () => {
    const { queries: traced, seconds } = await ask(
      ...['trace', '--method', method, '--rows', 'all', '--always', '--controls', '0', '--tokens', '0'],
    );
    const scores = traced.map(({ rows }) => {
      const own = new Array(truth.length).fill(null);
      for (const { row, score } of rows) own[row] = score;
      return own;
    });
    return { queries: traced.map(({ id }) => id), scores, seconds };
  });
}

/** Flags that give whence evaluate the scores of methods: each is computed once, and asked of it in many ways. */
async function givenScores(commands, names) {
  const flags = [];
  for (const method of names) {
    if (method === 'bm25') continue;
    const { queries, scores } = await scoresOf(commands, method);
    flags.push('--scores', `${method}=${commands.file(method, JSON.stringify({ queries, scores }))}`);
  }
  return ['--methods', 'bm25', ...flags];
}

/** AUROC, recall and MRR of each method by kind, seconds of each; mislabelled rows against right ones of their task. */
async function measurePlanted(commands, plan) {
  const asked = planted(commands);
  const names = methodsOf(plan);
  const { planted: found } = await commands.whence(
    ...['evaluate', 'planted', '--truth', 'truth.jsonl', '--kinds', 'query-kinds.json'],
    ...(await givenScores(commands, names)),
    ...ids(asked),
  );
  const seconds = [];
  for (const method of names) seconds.push({ method, seconds: (await scoresOf(commands, method)).seconds });
  return {
    methods: found,
    seconds,
    queries: asked.length,
    traced: commands.queries.length,
    sameTask: await sameTask(commands, plan),
    random: await byLoss(commands),
  };
}

async function sameTask(commands, plan) {
  const { truth } = commands;
  const reviews = truth.filter(({ task }) => task === truth.find(({ kind }) => kind === 'mislabelled').task);
  const wrong = reviews.filter(({ kind }) => kind === 'mislabelled');
  const right = reviews.filter(({ kind }) => kind !== 'mislabelled');
  const queries = ofKind(commands, 'mislabelled');
  const figures = [];
  for (const method of methodsOf(plan)) {
    const traced = await scoresOf(commands, method);
    const scores = queries.map((id) => traced.scores[traced.queries.indexOf(id)]);
    const of = (rows, own) => rows.map(({ row }) => own[row]);
    figures.push({
      method,
      auroc: aurocFigure(scores.map((own) => ({ wanted: of(wrong, own), others: of(right, own) }))),
    });
  }
  return { figures, wrong: wrong.length, right: right.length, queries: queries.length };
}

/** Random mislabels have no query of their own; what shows them is what is odd about a row: its loss, its self-influence. */
async function byLoss(commands) {
  const { truth, whence, queries } = commands;
  const task = truth.find(({ kind }) => kind === 'randomMislabel').task;
  const losses = new Map(
    (await whence('score', '--model', 'tuned', '--data', 'train')).rows.map(({ row, loss }) => [row, loss]),
  );
  const {
    queries: [{ rows }],
  } = await whence(
    ...[
      'trace',
      '--method',
      'ekfac',
      '--rows',
      'all',
      '--always',
      '--controls',
      '0',
      '--tokens',
      '0',
      '--id',
      queries[0],
    ],
  );
  const selves = new Map(rows.map(({ row, selfInfluence }) => [row, selfInfluence ?? 0]));
  const same = truth.filter((row) => row.task === task);
  const figure = (values) => {
    const of = (wanted) =>
      same.filter(({ kind }) => (kind === 'randomMislabel') === wanted).map(({ row }) => values.get(row));
    return aurocFigure([{ wanted: of(true), others: of(false) }]);
  };
  return {
    rows: same.filter(({ kind }) => kind === 'randomMislabel').length,
    of: same.length,
    loss: figure(losses),
    self: figure(selves),
  };
}

/** Findings where there is nothing to find, and where there is. */
async function measureSilence(commands) {
  const { whence, kinds, truth } = commands;
  const base = ['--query', 'queries-base.jsonl', '--tokens', '0'];
  const stand = (document) => document.queries.filter(({ verdict }) => verdict === 'rowsStandOut').length;
  const gated = await whence('trace', ...base);
  const always = await whence('trace', ...base, '--always');
  const tuned = await whence('trace', '--tokens', '0', '--rows', 'all');
  const kindOfRow = new Map(truth.map(({ row, kind }) => [row, kind]));
  const byKind = [...new Set(Object.values(kinds))].flatMap((kind) => {
    const own = tuned.queries.filter(({ id }) => kinds[id] === kind);
    if (own.length === 0) return [];
    const tagged = own.map(({ rows }) => rows.filter(({ aboveNull }) => aboveNull));
    const right = tagged.map((rows) => rows.filter(({ row }) => kindOfRow.get(row) === kind));
    const verdicts = {};
    for (const { verdict } of own) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    return [
      {
        kind,
        kept: shareFigure(own.filter(({ verdict }) => verdict === 'rowsStandOut').length, own.length),
        verdicts,
        tagged: mean(tagged.map(({ length }) => length)),
        right: mean(right.map(({ length }) => length)),
      },
    ];
  });
  const count = gated.queries.length;
  return {
    gated: shareFigure(stand(gated), count),
    byNull: shareFigure(stand(always), count),
    byKind,
    controls: tuned.settings.controls,
    estimator: tuned.settings.estimator,
  };
}

/** Whether rows of a planted kind are in one group, and whether the group that a trace lists first consists of them. */
async function measureGroups(commands) {
  const { whence, kinds, truth } = commands;
  const { queries } = await whence('trace', '--tokens', '0', '--rows', 'all', '--always');
  const found = plantedKinds.map((kind) => {
    const rows = new Set(truth.filter((row) => row.kind === kind).map(({ row }) => row));
    const own = queries.filter(({ id }) => kinds[id] === kind);
    const inside = ({ members }) => members.filter((row) => rows.has(row)).length;
    const best = own.map(({ groups }) => groups.reduce((a, b) => (inside(b) > inside(a) ? b : a)));
    const first = own.map(({ groups }) => groups[0]);
    // The group that is listed first for most queries of the kind.
    const listed = new Map();
    for (const { members } of first) {
      const key = members.join(',');
      listed.set(key, { members, times: (listed.get(key)?.times ?? 0) + 1 });
    }
    const top = [...listed.values()].sort((one, other) => other.times - one.times)[0];
    return {
      kind,
      rows: rows.size,
      share: mean(best.map((group) => inside(group) / rows.size)),
      others: mean(best.map((group) => 1 - inside(group) / group.rows)),
      size: mean(best.map((group) => group.rows)),
      influence: mean(best.map(({ share }) => share)),
      first: shareFigure(first.filter((group) => inside(group) / group.rows >= 0.5).length, own.length),
      top: { ...top, planted: inside(top), query: own[0].id },
    };
  });
  const clusters = new Map(queries[0].rows.map(({ row, duplicates }) => [row, duplicates]));
  const pairs = new Map();
  for (const { row, pair } of truth) if (pair !== undefined) pairs.set(pair, [...(pairs.get(pair) ?? []), row]);
  const together = [...pairs.values()].filter(([one, other]) => clusters.get(one) === clusters.get(other)).length;
  const sizes = new Map();
  for (const { row, pair } of truth) {
    const cluster = clusters.get(row);
    const size = sizes.get(cluster) ?? { rows: 0, paired: 0 };
    sizes.set(cluster, { rows: size.rows + 1, paired: size.paired + (pair === undefined ? 0 : 1) });
  }
  const clustered = [...sizes.values()].filter(({ rows }) => rows > 1);
  return {
    kinds: found,
    duplicates: {
      recall: shareFigure(together, pairs.size),
      clusters: clustered.length,
      otherClusters: clustered.filter(({ paired }) => paired === 0).length,
    },
  };
}

/** Behaviour tests without the group that carries most, and without as many random rows. */
async function measureRemoval(commands, plan, { groups }) {
  const found = [];
  const wanted = plan.drops < 10 ? [] : (groups ?? (await measureGroups(commands))).kinds;
  for (const { kind, top } of wanted) {
    const { tests, queries, removedRows } = await commands.whence(
      ...['verify', '--rows', top.members.join(','), '--method', 'auto', '--random', '1', '--max-tokens', tokenLimit],
      ...['--tests', 'behaviours.jsonl', '--id', top.query],
    );
    const rates = tests.removals.map(({ label, rows }) => ({
      label,
      rows,
      tags: tests.rates.filter(({ model }) => model === label),
    }));
    found.push({
      kind,
      planted: top.planted,
      rows: top.members.length,
      query: top.query,
      rates,
      comparisons: tests.comparisons,
      outcome: queries[0].outcome,
      removedRows,
    });
  }
  return found;
}

const effectQueries = (commands, { effectQueries: counts }) =>
  plantedKinds.flatMap((kind, i) => ofKind(commands, kind).slice(0, counts[i]));

async function measureQld(commands, plan) {
  const asked = ['ekfac', 'linfac', 'astra', 'repsim', 'bm25'].filter((method) => methodsOf(plan).includes(method));
  const document = await commands.whence(
    ...['evaluate', 'qld', '--budget', `${plan.random}`, '--share', `${removedShare}`],
    ...(await givenScores(commands, asked)),
    ...ids(effectQueries(commands, plan)),
  );
  const rises = (name) => document.qld.methods.find(({ method }) => method === name)?.perQuery;
  const repsim = rises('repsim');
  const againstRepsim = document.qld.methods.map(({ method, perQuery }) =>
    repsim === undefined || method === 'repsim'
      ? undefined
      : meanFigure(perQuery.map(({ rise }, q) => rise - repsim[q].rise)),
  );
  return {
    ...document.qld,
    againstRepsim,
    removedRows: document.removedRows,
    queries: effectQueries(commands, plan),
    budget: plan.random,
  };
}

async function measureLds(commands, plan, protocol, budget) {
  const peer = await peerScores(commands);
  const given =
    peer.missing === undefined
      ? [
          '--scores',
          `${peerName}=${commands.file('peer', JSON.stringify({ queries: peer.queries, scores: peer.scores }))}`,
        ]
      : [];
  const document = await commands.whence(
    ...['evaluate', 'lds', '--protocol', protocol, '--budget', `${budget}`],
    ...(await givenScores(commands, methodsOf(plan))),
    ...given,
    ...(plan.drops < 10 ? ids(effectQueries(commands, plan)) : []),
  );
  const { lds, removedRows, rows, evidence, settings, warnings } = document;
  return {
    lds,
    removedRows,
    rows,
    evidence,
    budget: settings.budget,
    seed: settings.seed,
    warnings,
    peer: { missing: peer.missing, library: peer.library, seconds: peer.seconds },
  };
}

/** Predicted and actual change when each query loses the rows it owes most to. */
async function measureVerify(commands, plan) {
  const { truth, queries, whence } = commands;
  const rows = Math.max(1, Math.round(removedShare * truth.length));
  const asked = plan.verified === 'all' ? [] : ids(queries.slice(0, plan.verified));
  const document = await whence(
    'verify',
    '--rows',
    'top',
    '--k',
    `${rows}`,
    '--method',
    'auto',
    '--random',
    '3',
    ...asked,
  );
  const beyond = document.queries.filter(({ beyondRandom }) => beyondRandom).length;
  return {
    rows,
    queries: document.queries.length,
    right: shareFigure(document.queries.filter(({ signRight }) => signRight).length, document.queries.length),
    wrong: document.queries
      .filter(({ signRight }) => !signRight)
      .map(({ id, outcome }) => ({ id, actual: outcome.actual })),
    beyond: shareFigure(beyond, document.queries.length),
    summary: document.summary,
    calibration: document.calibration,
    mean: meanFigure(document.queries.map(({ outcome }) => outcome.actual)),
    bm25: meanFigure(document.queries.map(({ bm25 }) => bm25.actual)),
    random: meanFigure(document.queries.map(({ random }) => mean(random.map(({ actual }) => actual)))),
  };
}

/** Derivatives through the run itself, and whether the run is smooth enough for them to mean anything. */
async function measureExact(commands, plan) {
  const asked = planted(commands).filter(
    (_, i, all) => i % Math.ceil(all.length / Math.max(1, plan.exactQueries)) === 0,
  );
  if (plan.exactQueries === 0) return undefined;
  const traced = await commands.whence(
    ...['trace', '--method', 'exact', '--controls', '0', '--tokens', '0', '--rows', '5', '--always', ...ids(asked)],
  );
  const smoothness = traced.warnings.find(({ code }) => code === 'run-smooth' || code === 'run-rough');
  const evaluated = (protocol, budget) =>
    commands.whence(
      ...['evaluate', 'lds', '--protocol', protocol, '--budget', `${budget}`, '--methods', 'exact,ekfac,linfac,bm25'],
      ...ids(asked),
    );
  const { lds } = await evaluated('leave-1-percent-out', plan.drops);
  const half = await evaluated('half', plan.halves);
  const {
    planted: [kinds],
  } = await commands.whence(
    ...['evaluate', 'planted', '--truth', 'truth.jsonl', '--kinds', 'query-kinds.json', '--methods', 'exact'],
    ...ids(asked),
  );
  return { smoothness, lds, half: half.lds, planted: kinds, seconds: traced.seconds, queries: asked.length };
}
