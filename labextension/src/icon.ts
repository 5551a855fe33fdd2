import { LabIcon } from '@jupyterlab/ui-components';

/** A text cursor inside a shield. */
const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16" fill="none">
  <g class="jp-icon3" stroke="#616161" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round">
    <path d="M8 1.6 13.2 3.5v4.2c0 3.2-2.1 5.4-5.2 6.7-3.1-1.3-5.2-3.5-5.2-6.7V3.5z"/>
    <path d="M6.6 5.2h2.8M8 5.2v5M6.6 10.2h2.8"/>
  </g>
</svg>`;

/** The icon of SafeCoder. */
export const safeCoderIcon = new LabIcon({
  name: 'jupyter-safecoder:icon',
  svgstr
});
