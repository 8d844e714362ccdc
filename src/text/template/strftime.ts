/** The `strftime_now` of chat templates: Python's format codes, English names, local time. */

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function dayOfYear(date: Date): number {
  const noon = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12);
  return Math.round((noon.getTime() - new Date(date.getFullYear(), 0, 1, 12).getTime()) / 86_400_000) + 1;
}

const codes: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => pad(date.getFullYear() % 100, 2),
  m: (date) => pad(date.getMonth() + 1, 2),
  d: (date) => pad(date.getDate(), 2),
  e: (date) => String(date.getDate()).padStart(2, ' '),
  B: (date) => months[date.getMonth()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  a: (date) => days[date.getDay()]!.slice(0, 3),
  H: (date) => pad(date.getHours(), 2),
  I: (date) => pad(date.getHours() % 12 || 12, 2),
  M: (date) => pad(date.getMinutes(), 2),
  S: (date) => pad(date.getSeconds(), 2),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  j: (date) => pad(dayOfYear(date), 3),
  '%': () => '%',
};

/** Codes that are not known stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%([A-Za-z%])/g, (code, letter: string) => codes[letter]?.(date) ?? code);
}
