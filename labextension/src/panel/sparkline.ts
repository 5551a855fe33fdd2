/** The size of a plot, in the units of its `viewBox`. */
export const WIDTH = 240;
export const HEIGHT = 40;

/** The space around a line that is drawn at an edge. */
const MARGIN = 2;

/** Values at equal steps; `null` is a gap. */
export interface ISeries {
  /** A class of the stylesheet. */
  name: string;
  values: ReadonlyArray<number | null>;
}

/**
 * Create a small plot of lines.
 *
 * @param label - For screen readers: what is shown, with its last values.
 * @param series - The lines, all of one length.
 */
export function createLines(
  label: string,
  series: readonly ISeries[]
): SVGSVGElement {
  const top = Math.max(
    1,
    ...series.flatMap(({ values }) => values.map(Number))
  );
  return createPlot(
    label,
    series.map(({ name, values }) => ({
      name: `jp-SafeCoder-line jp-SafeCoder-${name}`,
      path: linePath(values, top)
    }))
  );
}

/**
 * Create a small plot of bars.
 *
 * @param label - For screen readers: what is shown, with its last value.
 * @param values - The heights.
 */
export function createBars(
  label: string,
  values: readonly number[]
): SVGSVGElement {
  const top = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length);
  const bars = values.map((value, index) => {
    const height = (HEIGHT * value) / top;
    const x = round(index * step + step * 0.1);
    return value > 0
      ? `M${x} ${HEIGHT}v${round(-height)}h${round(step * 0.8)}V${HEIGHT}z`
      : '';
  });
  return createPlot(label, [{ name: 'jp-SafeCoder-bar', path: bars.join('') }]);
}

function createPlot(
  label: string,
  paths: ReadonlyArray<{ name: string; path: string }>
): SVGSVGElement {
  const plot = createElement('svg');
  plot.setAttribute('class', 'jp-SafeCoder-plot');
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', label);
  plot.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  plot.setAttribute('preserveAspectRatio', 'none');
  for (const { name, path } of paths) {
    const element = createElement('path');
    element.setAttribute('class', name);
    element.setAttribute('d', path);
    element.setAttribute('vector-effect', 'non-scaling-stroke');
    plot.append(element);
  }
  return plot;
}

/** A line for each run of values without a gap; a single value is a dot. */
function linePath(values: ReadonlyArray<number | null>, top: number): string {
  const step = WIDTH / Math.max(1, values.length);
  let isOpen = false;
  const parts = values.map((value, index) => {
    if (value === null) {
      isOpen = false;
      return '';
    }
    const height = HEIGHT - 2 * MARGIN;
    const x = round((index + 0.5) * step);
    const y = round(MARGIN + height * (1 - value / top));
    const isFirst = !isOpen;
    isOpen = true;
    return isFirst ? `M${x} ${y}l0 0` : `L${x} ${y}`;
  });
  return parts.join('');
}

function createElement<K extends keyof SVGElementTagNameMap>(
  name: K
): SVGElementTagNameMap[K] {
  return document.createElementNS('http://www.w3.org/2000/svg', name);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
