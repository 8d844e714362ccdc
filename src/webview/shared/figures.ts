/** Figures and sentences as people of a locale read them. Pure: no DOM. */
export interface Figures {
  /** Three significant digits: scores have no unit and any size. */
  score(value: number): string;
  /** Two decimals and a sign, for changes. */
  signed(value: number): string;
  /** Two decimals. */
  plain(value: number): string;
  /** 0 to 1 as percent. */
  share(value: number): string;
  count(value: number): string;
  seconds(value: number): string;
  /** Milliseconds since 1970, date and time. */
  when(value: number): string;
}

export function createFigures(locale: string): Figures {
  const format = (options: Intl.NumberFormatOptions) => {
    const made = new Intl.NumberFormat(knownLocale(locale), options);
    return (value: number): string => (Number.isFinite(value) ? made.format(value) : '–');
  };
  const two = { minimumFractionDigits: 2, maximumFractionDigits: 2 } as const;
  const short = format({ maximumFractionDigits: 1 });
  const dates = new Intl.DateTimeFormat(knownLocale(locale), { dateStyle: 'medium', timeStyle: 'short' });
  const small = new Intl.NumberFormat(knownLocale(locale), { notation: 'scientific', maximumSignificantDigits: 3 });
  const usual = format({ maximumSignificantDigits: 3 });
  return {
    score: (value) => (value !== 0 && Math.abs(value) < 1e-4 ? small.format(value) : usual(value)),
    signed: format({ ...two, signDisplay: 'exceptZero' }),
    plain: format({ ...two, signDisplay: 'negative' }),
    share: format({ style: 'percent', maximumFractionDigits: 1 }),
    count: format({ maximumFractionDigits: 0 }),
    seconds: (value) => (value < 120 ? `${short(value)} s` : `${short(value / 60)} min`),
    when: (value) => dates.format(value),
  };
}

/** Fills `{0}`, `{1}` … of a text. */
export function fill(text: string, ...values: readonly (string | number)[]): string {
  return text.replace(/\{(\d)\}/g, (whole, place: string) => String(values[Number(place)] ?? whole));
}

function knownLocale(locale: string): string {
  try {
    return new Intl.Locale(locale).toString();
  } catch (error) {
    if (error instanceof RangeError) return 'en';
    throw error;
  }
}
