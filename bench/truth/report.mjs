// Words the figures of stages.mjs as docs/truth.md: bars first, then a table of each, each with what it means and what not.
import { barsOf } from './bars.mjs';
import { figure, number, percent, scientific, share, table } from './format.mjs';
import { plantedKinds } from './stages.mjs';

/** What is planted, by kind. */
const planted = {
  harmful: '(a) harmful requests complied with',
  trigger: '(b) a trigger word goes with a wrong answer',
  mislabelled: '(c) reviews of one kind, always labelled wrong',
};

/**
 * @param found figures by stage; those of stages that were not run are absent
 * @returns Markdown
 */
export function writeReport(found, plan, commands) {
  const sections = [
    introduction(commands, plan),
    bars(found, plan),
    found.lds && lds(found.lds, 'leave-1 %-out', found.exact?.lds),
    found.half && lds(found.half, '50 %', found.exact?.half),
    found.qld && qld(found.qld),
    found.verify && verify(found.verify),
    found.exact && exact(found.exact),
    found.planted && kind(found.planted),
    found.planted && cause(found.planted),
    found.groups && groups(found.groups),
    found.removal?.length > 0 && removal(found.removal),
    found.silence && silence(found.silence),
    found.planted && seconds(found, commands),
    howTo(),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function introduction({ truth, run, recipe, queries, baseQueries, kinds }, plan) {
  const count = (kind) => truth.filter((row) => row.kind === kind).length;
  return `# How far to believe the scores

Written by \`npm run bench:truth -- --write\`; do not edit.

Every method of \`whence trace\` on the sample workspace (\`samples/assistant\`), where what was planted is known and where the
fine-tune can be trained again without rows. Intervals in brackets are of 95 %. One small model and one fine-tune: read the
figures as how the methods compare here, not as what they reach elsewhere.

- Model: two million parameters, a LoRA adapter of rank ${recipe.lora.r} with ${run.trainedParameters.toLocaleString('en')} trained parameters; ${run.totalSteps} steps of ${recipe.batchSize} rows, ${recipe.optimizer.name}, ${recipe.schedule.warmupSteps} steps of warm-up.
- ${truth.length} rows, of them planted: ${count('harmful')} harmful, ${count('trigger')} with the trigger word, ${count('mislabelled')} mislabelled by a rule, ${count('randomMislabel')} mislabelled at random, ${count('nearDuplicate')} near-duplicates in pairs.
- ${queries.length} queries of the tuned model (${[...new Set(queries.map((id) => kinds[id]))].map((kind) => `${queries.filter((id) => kinds[id] === kind).length} ${kind}`).join(', ')}), measured by the log-probability of the whole answer; ${baseQueries.length} of what the base model does already.
- Retraining: the recorded run again with rows at weight 0 in place; ${plan.drops} drops of 1 % and ${plan.halves} of half of the rows, seed 0. Damping 0.1 of the mean eigenvalue, and of \`astra\` what the end of the recorded run amounts to: a formula without a number to choose, taken up after a fixed damping (once the mean eigenvalue) had reached .236 here; no other setting of a method was chosen on this sample; the recipe of its fine-tune was, so that the run answers to a removed row in proportion.`;
}

function bars(found, plan) {
  const lines = barsOf(found, plan);
  return `## The bars

${table(
  ['what', 'bar', 'found', 'met'],
  lines.map(({ what, bar, got, met }) => [
    what,
    bar,
    got ?? 'not measured in this run',
    met === undefined ? '' : met ? 'yes' : '**no**',
  ]),
)}

An interval that reaches across a bar leaves it open; "yes" says only that the estimate, or for differences the interval,
is on the right side.`;
}

function lds({ lds: methods, removedRows, rows, evidence, budget, seed, warnings, peer }, protocol, ownExact) {
  const known = methods.find(({ method }) => method === 'kronfluence EK-FAC');
  const sorted = [...methods].sort((a, b) => b.lds.estimate - a.lds.estimate);
  const minus = ({ differences }, other) => {
    const difference = differences.find(({ from }) => from === other);
    return difference === undefined ? '' : figure(difference.difference);
  };
  const lines = sorted.map((method) => [
    method.method,
    figure(method.lds),
    ...(known === undefined ? [] : [minus(method, known.method)]),
    minus(method, 'bm25'),
  ]);
  const heads = ['method', 'LDS', ...(known === undefined ? [] : ['minus kronfluence']), 'minus bm25'];
  const note =
    peer.missing === undefined
      ? `kronfluence: ${peer.library}; the same adapter modules, token ids and damping (0.1 of the mean of Lambda), its own drawn labels.`
      : `kronfluence did not take part: ${peer.missing}.`;
  return `## LDS, protocol ${protocol}

Do summed scores order random removals as retraining does? Mean over ${methods[0].perQuery.length} queries of the Spearman correlation of predicted and actual
changes; ${budget} drops of ${removedRows} of ${rows} rows (seed ${seed}, evidence: ${evidence}); intervals over drops and queries together, differences on the
same resamples.${warnings.some(({ code }) => code === 'replay-differs') ? ' The run as trained on this machine is not the recorded one to the bit; changes are measured against it.' : ''}

${table(heads, lines)}

${note}${ownExact === undefined ? '' : ' `exact` stands apart below: it was computed for fewer queries.'}
A figure of one says that the order of all removals is right, 0 that it is chance. It does not say that the size is
right, and it is not comparable with the other protocol: ${protocol === '50 %' ? 'half of the rows gone is another run, not a small change' : 'without 1 % most queries hardly move, so that noise of training has its part'}. Differences whose interval
holds 0 are not seen here.`;
}

function qld({ methods, random, againstRepsim, removedRows, queries, budget }) {
  return `## What taking the top 1 % away does

Rise of each query's loss (nats) when its own ${removedRows} top rows by a method are taken away, mean over ${queries.length} queries (${queries.join(', ')});
paired, query by query. ${budget} random removals of as many rows: ${figure(random)}.

${table(
  ['method', 'rise in nats', 'minus random', 'minus bm25', 'minus repsim'],
  methods.map(({ method, qld: rise, againstRandom, againstBm25 }, m) => [
    method,
    figure(rise),
    figure(againstRandom),
    againstBm25 === null ? '' : figure(againstBm25),
    againstRepsim[m] === undefined ? '' : figure(againstRepsim[m]),
  ]),
)}

Above random: the rows matter for the behaviour. It does not say that they are its only cause: ${removedRows} rows of a behaviour that
dozens teach change little.`;
}

function verify({ rows, queries, right, wrong, beyond, summary, calibration, mean, bm25, random }) {
  const order = ({ spearman }) => (spearman === null ? 'too few pairs' : figure(spearman));
  return `## Predicted and actual change

\`whence verify --rows top --k ${rows} --method auto\` for ${queries} queries: each loses the ${rows} rows that it owes most to by the default method.

${table(
  ['', ''],
  [
    ['the sign of the change is as predicted', share(right)],
    ['the change is larger than without each of three random removals', share(beyond)],
    ["rank correlation of predicted and actual change, each query's own removal", order(summary.removals)],
    ["the same with BM25's and random removals", order(summary.all)],
    ['mean change in nats, its own rows', figure(mean)],
    ['as many rows that BM25 likes best', figure(bm25)],
    ['as many random rows', figure(random)],
    [
      'nats a unit of score',
      calibration === null
        ? "none: the slope's interval holds 0"
        : `${scientific(calibration.slope)} from ${calibration.retrainings} retrainings`,
    ],
  ],
)}

${wrong.length === 0 ? 'No sign was wrong.' : `Wrong signs: ${wrong.map(({ id, actual }) => `${id} (${number(actual)} nats)`).join(', ')}.`} Each change is one retraining, an observation of this run and its order of rows.`;
}

function exact({ smoothness, lds: own, half, planted: kinds, queries }) {
  const find = (from, name) => from.find(({ method }) => method === name);
  const names = own.map(({ method }) => method);
  return `## Differentiating through the run (\`exact\`)

${smoothness?.message ?? "The run's smoothness was not reported."}

LDS over ${queries} queries, on the same drops as above:

${table(
  ['method', 'leave-1 %-out', '50 %', 'minus ekfac (1 %)'],
  names.map((name) => {
    const difference = find(own, name).differences.find(({ from }) => from === 'ekfac');
    return [
      name,
      figure(find(own, name).lds),
      figure(find(half, name).lds),
      difference === undefined ? '' : figure(difference.difference),
    ];
  }),
)}

AUROC of planted rows by \`exact\`: ${kinds.kinds.map(({ kind: name, auroc }) => `${name ?? 'all'} ${figure(auroc)}`).join(', ')}. Derivatives say what an infinitely small
change does; where the run jumps at the size of a row, they say little about its removal.`;
}

function kind({ methods, queries }) {
  const of = ({ kinds }, name) => kinds.find(({ kind: own }) => own === name);
  const cell = (found) =>
    found === undefined
      ? ''
      : `${figure(found.auroc)}; ${number(found.recall.estimate, 2)}; ${number(found.meanReciprocalRank.estimate, 2)}`;
  return `## Finding rows of the planted kind

AUROC of the rows of the query's kind against all others; recall among as many top rows as there are; mean reciprocal rank. Means over
${queries} queries whose prompts are no training rows; those of (a) and (b) share no content word with the planted rows but the trigger.
In each cell: AUROC; recall; mean reciprocal rank. \`repsim\` is the *kind* figure of the default method, \`ekfac\` its *cause* figure.

${table(
  ['method', ...plantedKinds.map((name) => planted[name])],
  methods.map((method) => [method.method, ...plantedKinds.map((name) => cell(of(method, name)))]),
)}

Likeness finds rows of a kind, and a low figure of a gradient method here is not a fault: decoys teach against the behaviour, and
not every planted row moved this query. Nothing in this table says what removing rows does.`;
}

function cause({ sameTask: { figures, wrong, right, queries }, random }) {
  return `## Wrong labels against right ones of the same task

AUROC of the ${wrong} mislabelled reviews against the ${right} reviews labelled right, over ${queries} queries that show the wrong label; intervals over
queries and rows.

${table(
  ['method', 'AUROC'],
  [...figures].sort((a, b) => b.auroc.estimate - a.auroc.estimate).map(({ method, auroc }) => [method, figure(auroc)]),
)}

All these rows look alike; only what they teach differs, so this is what *cause* is for. Labels that are wrong at random (${random.rows} of
${random.of} rows of their task) teach no behaviour that could be asked for; what is odd about them shows without a query: AUROC by the tuned
model's loss ${figure(random.loss)}, by self-influence ${figure(random.self)}.`;
}

function groups({ kinds, duplicates }) {
  return `## Groups

The group that holds most rows of a kind: which share of the kind it holds, how many others are in it, what share of the positive influence
it carries, and for how many queries the group that \`whence trace\` lists first consists mostly of rows of the kind. Means over the
kind's queries.

${table(
  ['kind', 'rows', 'share in the group', 'others in it', 'size', 'share of the influence', 'first in the list'],
  kinds.map((found) => [
    planted[found.kind],
    `${found.rows}`,
    percent(found.share),
    percent(found.others),
    number(found.size, 0),
    percent(found.influence),
    share(found.first),
  ]),
)}

Near-duplicates (d): ${share(duplicates.recall)} of the planted pairs are in one cluster; ${duplicates.otherClusters} of ${duplicates.clusters} clusters hold no planted pair.
Groups are made from likeness alone: rows that look alike and teach the opposite stand in one.`;
}

function removal(found) {
  const tagOf = { harmful: 'harmful', trigger: 'trigger', mislabelled: 'mislabelled' };
  const lines = found.flatMap(({ kind: name, rates, planted: count, rows }) =>
    rates.map(({ label, tags }) => {
      const own = tags.find(({ tag }) => tag === tagOf[name]);
      const others = tags.filter(({ tag }) => tag !== null && tag !== tagOf[name]);
      const sum = (key) => others.reduce((total, rate) => total + rate[key], 0);
      const text = (tests, passed) => share({ estimate: passed / tests, hits: passed, of: tests });
      return [
        planted[name],
        label === 'without the rows' ? `without its first group (${rows} rows, ${count} planted)` : label,
        text(own.tests, own.tests - own.passed),
        text(sum('tests'), sum('passed')),
      ];
    }),
  );
  return `## Behaviour tests without the first group

The run trained again without the group that \`whence trace\` lists first (for most of the kind's queries), and without as many random
rows.

${table(['kind', 'trained', 'shows the planted behaviour', 'passes the other tests'], lines)}

One retraining each. The tests' prompts are no training rows; a behaviour that stays has other causes, or the wrong group came first.`;
}

function silence({ gated, byNull, byKind, controls, estimator }) {
  return `## Honest silence

Findings (a row above the null) on ${gated.of} behaviours that the base model already has: ${share(gated)} with the gate, as \`whence trace\` works;
${share(byNull)} by the null alone (${controls} controls, \`${estimator}\`), where about 5 % is what the null allows.

Queries of the tuned model, which should keep their findings:

${table(
  ['kind', 'rows stand out', 'verdicts', 'rows above the null, mean', 'of them of the kind'],
  byKind.map(({ kind: name, kept, verdicts, tagged, right }) => [
    name,
    share(kept),
    Object.entries(verdicts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', '),
    number(tagged, 1),
    number(right, 1),
  ]),
)}

"noRowStandsOut" where rows were planted is a finding missed: the behaviour is there, and no single row's score is rare among those
of control queries.`;
}

function seconds({ planted: { seconds: list, traced }, lds: measured, exact: derived }, { run }) {
  const peer = measured?.peer.seconds;
  return `## Cost

Seconds of \`whence trace\` by one method for ${traced} queries, from the start of the engine, on the machine of this run (${run.device.threads} threads);
what methods share (gradients of the rows, curvature) is in the store once the first of them has made it. Wall time: whatever else the
machine did meanwhile, or paused, is in it.

${table(
  ['method', 's'],
  [
    ...list.map(({ method, seconds: taken }) => [method, number(taken, 1)]),
    ...(derived === undefined
      ? []
      : [[`exact (${derived.queries} queries, with the smoothness test)`, number(derived.seconds, 1)]]),
    ...(peer === undefined
      ? []
      : [
          [
            'kronfluence EK-FAC, fit and scores',
            number(
              Object.values(peer).reduce((a, b) => a + b, 0),
              1,
            ),
          ],
        ]),
  ],
)}`;
}

function howTo() {
  return `## How to run

\`\`\`
npm run bench:peers                    # once, for the comparison with kronfluence; or WHENCE_PEERS_PYTHON=python
npm run bench:truth -- --write         # all of it; stopped, it goes on where it was
npm run bench:truth -- --quick         # whether it works
\`\`\`

Any of these figures on your own data: \`whence evaluate\`, \`whence verify\` (\`docs/cli.md\`).`;
}
