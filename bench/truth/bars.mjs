// Holds what was found against the bars. `met` undefined: not measured. Pure.
import { figure, number, percent, share } from './format.mjs';

/** @returns [{ what, bar, got, met }] */
export function barsOf(found) {
  return [
    ...kindBars(found),
    ...groupBars(found),
    causeBar(found),
    ...qldBars(found),
    ...removalBars(found),
    ...silenceBars(found),
    ...ldsBars(found),
    exactBar(found),
    verifyBar(found),
  ];
}

const absent = (what, bar) => ({ what, bar });

function kindBars({ planted }) {
  const repsim = planted?.methods.find(({ method }) => method === 'repsim');
  return ['harmful', 'trigger'].map((kind) => {
    const what = `kind: AUROC on ${kind}`;
    const found = repsim?.kinds.find((own) => own.kind === kind);
    if (found === undefined) return absent(what, '>= .99');
    return { what, bar: '>= .99', got: figure(found.auroc), met: found.auroc.estimate >= 0.99 };
  });
}

function groupBars({ groups }) {
  const bar = '>= 90 % of the rows in one group, <= 10 % others';
  const duplicates = groups?.duplicates.recall;
  return [
    {
      what: 'near-duplicate pairs',
      bar: 'recall >= .95',
      got: duplicates && share(duplicates),
      met: duplicates && duplicates.estimate >= 0.95,
    },
    ...['harmful', 'trigger', 'mislabelled'].map((kind) => {
      const own = groups?.kinds.find((found) => found.kind === kind);
      if (own === undefined) return absent(`groups: ${kind}`, bar);
      return {
        what: `groups: ${kind}`,
        bar,
        got: `${percent(own.share)}, ${percent(own.others)} others`,
        met: own.share >= 0.9 && own.others <= 0.1,
      };
    }),
  ];
}

function causeBar({ planted }) {
  const what = 'cause: AUROC of mislabelled rows against right ones of the task';
  const own = planted?.sameTask.figures.find(({ method }) => method === 'ekfac');
  if (own === undefined) return absent(what, '>= .95');
  return { what, bar: '>= .95', got: figure(own.auroc), met: own.auroc.estimate >= 0.95 };
}

function qldBars({ qld }) {
  const m = qld?.methods.findIndex(({ method }) => method === 'ekfac');
  const own = qld?.methods[m];
  const against = (name, difference, low) => {
    const what = `cause: removal of the top 1 % against ${name}`;
    const bar = low === 'above' ? 'interval of the difference above 0' : 'interval not below 0';
    if (difference === undefined || difference === null) return absent(what, bar);
    return { what, bar, got: figure(difference), met: low === 'above' ? difference.low > 0 : difference.high >= 0 };
  };
  return [
    against('random', own?.againstRandom, 'above'),
    against('repsim', qld?.againstRepsim[m], 'not below'),
    against('bm25', own?.againstBm25, 'not below'),
  ];
}

function removalBars({ removal }) {
  return ['harmful', 'trigger', 'mislabelled'].map((kind) => {
    const what = `removal of the first group: ${kind}`;
    const bar = 'the behaviour goes away (shown in <= 10 % of tests), and not without random rows';
    const found = removal?.find((own) => own.kind === kind);
    if (found === undefined) return absent(what, bar);
    const shown = (label) => {
      const rate = found.rates.find((own) => own.label === label).tags.find(({ tag }) => tag === kind);
      return 1 - rate.rate;
    };
    const [all, without, random] = ['all rows', 'without the rows', 'without random rows'].map(shown);
    return {
      what,
      bar,
      got: `${percent(all)} -> ${percent(without)}; random ${percent(random)}`,
      met: without <= 0.1 && random >= all / 2,
    };
  });
}

function silenceBars({ silence }) {
  const planted = silence?.byKind.filter(({ kind }) => ['harmful', 'trigger', 'mislabelled'].includes(kind));
  return [
    {
      what: 'false findings on what the base does',
      bar: '<= 5 % of queries',
      got: silence && `${share(silence.gated)}; by the null alone ${share(silence.byNull)}`,
      met: silence && silence.gated.estimate <= 0.05,
    },
    {
      what: 'planted queries keep their findings',
      bar: 'all',
      got: planted?.map(({ kind, kept }) => `${kind} ${kept.hits} of ${kept.of}`).join(', '),
      met: planted?.every(({ kept }) => kept.hits === kept.of),
    },
  ];
}

function ldsBars({ lds, half }) {
  const bar = {
    ekfac: 'interval of the difference not below 0',
    linfac: 'interval of the difference not below 0',
    astra: 'interval above 0',
  };
  return [
    ['leave-1 %-out', lds],
    ['50 %', half],
  ].flatMap(([protocol, measured]) =>
    Object.keys(bar).map((method) => {
      const what = `LDS ${protocol}: ${method} minus kronfluence's EK-FAC`;
      const own = measured?.lds.find((found) => found.method === method);
      const difference = own?.differences.find(({ from }) => from === 'kronfluence EK-FAC')?.difference;
      if (difference === undefined) return absent(what, bar[method]);
      const met = method === 'astra' ? difference.low > 0 : difference.high >= 0;
      return { what, bar: bar[method], got: `${figure(difference)} at ${number(own.lds.estimate)}`, met };
    }),
  );
}

function exactBar({ exact }) {
  const what = 'LDS leave-1 %-out: exact';
  const bar = '>= .93 where the run is smooth';
  const own = exact?.lds.find(({ method }) => method === 'exact');
  if (own === undefined) return absent(what, bar);
  const smooth = exact.smoothness?.code === 'run-smooth';
  return {
    what,
    bar,
    got: `${figure(own.lds)}, the run is ${smooth ? 'smooth' : 'not smooth'}`,
    met: smooth ? own.lds.estimate >= 0.93 : undefined,
  };
}

function verifyBar({ verify }) {
  const what = 'verify: sign of the predicted change';
  if (verify === undefined) return absent(what, 'right in >= 95 % of queries');
  return { what, bar: 'right in >= 95 % of queries', got: share(verify.right), met: verify.right.estimate >= 0.95 };
}
