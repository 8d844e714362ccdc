import { SingleBar } from 'cli-progress';
import type { Progress } from '../protocol/jobs';
import type { GlobalFlags } from './globalFlags';

export interface ProgressDisplay {
  show(report: Progress): void;
  /** Clears the line; what is printed afterwards starts on a clean one. */
  stop(): void;
}

/** Milliseconds between two lines where stderr is no terminal. */
const lineInterval = 3000;

/**
 * Progress on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing with `--quiet`, and nothing with
 * `--json` unless `--progress` asks for it.
 */
export function createProgressDisplay(flags: GlobalFlags): ProgressDisplay {
  if (flags.quiet || (flags.json && !flags.progress)) return { show: ignore, stop: ignore };
  return process.stderr.isTTY ? barDisplay() : lineDisplay();
}

function ignore(): void {
  // Nothing is shown.
}

function describe(report: Progress): string {
  const parts = [`${report.done}/${report.total} ${report.unit}`];
  if (report.rate !== undefined)
    parts.push(`${report.rate >= 10 ? report.rate.toFixed(0) : report.rate.toFixed(2)} ${report.unit}/s`);
  if (report.secondsLeft !== undefined) parts.push(`${formatSeconds(report.secondsLeft)} left`);
  if (report.note !== undefined) parts.push(report.note);
  return parts.join(', ');
}

function lineDisplay(): ProgressDisplay {
  // What is done within seconds needs no line.
  let last = Date.now();
  return {
    show: (report) => {
      const now = Date.now();
      if (now - last < lineInterval) return;
      last = now;
      process.stderr.write(`${report.stage}: ${describe(report)}\n`);
    },
    stop: ignore,
  };
}

function barDisplay(): ProgressDisplay {
  const bar = new SingleBar({
    format: '{stage} [{bar}] {percentage}% {text}',
    clearOnComplete: true,
    hideCursor: true,
    stopOnComplete: false,
    barsize: 24,
    stream: process.stderr,
  });
  let running: 'no' | 'yes' = 'no';
  return {
    show: (report) => {
      const payload = { stage: report.stage, text: describe(report) };
      if (running === 'no') bar.start(Math.max(report.total, 1), report.done, payload);
      running = 'yes';
      bar.setTotal(Math.max(report.total, 1));
      bar.update(report.done, payload);
    },
    stop: () => {
      if (running === 'yes') bar.stop();
      running = 'no';
    },
  };
}

/** `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${`${whole % 60}`.padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${`${Math.floor((whole % 3600) / 60)}`.padStart(2, '0')} min`;
}
