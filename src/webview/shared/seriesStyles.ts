/** The look of a series in charts, lists and tables: told apart by shape, so that nothing hangs on colour alone. */
export interface SeriesStyle {
  readonly symbol: 'circle' | 'square' | 'triangle' | 'diamond' | 'star' | 'cross';
  readonly color: string;
  /** The same shape in text. */
  readonly mark: string;
  /** Outlined: everything that has no series of its own. */
  readonly drawn: 'filled' | 'outlined';
}

export const seriesStyles: readonly SeriesStyle[] = [
  { symbol: 'circle', color: 'var(--vscode-charts-blue)', mark: '●', drawn: 'filled' },
  { symbol: 'square', color: 'var(--series-orange)', mark: '■', drawn: 'filled' },
  { symbol: 'triangle', color: 'var(--vscode-charts-green)', mark: '▲', drawn: 'filled' },
  { symbol: 'diamond', color: 'var(--vscode-charts-purple)', mark: '◆', drawn: 'filled' },
  { symbol: 'star', color: 'var(--vscode-charts-red)', mark: '★', drawn: 'filled' },
  { symbol: 'cross', color: 'var(--vscode-charts-yellow)', mark: '✚', drawn: 'filled' },
];

export const otherStyle: SeriesStyle = {
  symbol: 'circle',
  color: 'var(--vscode-descriptionForeground)',
  mark: '○',
  drawn: 'outlined',
};
