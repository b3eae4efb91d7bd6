/** The icon of the panel: a screw press, sheet below. */
import { LabIcon } from '@jupyterlab/ui-components';

const PRESS = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16">
<g class="jp-icon3" fill="currentColor">
<path d="M2 2h12v2H2z"/><path d="M2 2h2v12H2z"/><path d="M12 2h2v12h-2z"/>
<path d="M7 4h2v3H7z"/><path d="M5 7h6v2H5z"/><path d="M5.5 10.5h5v1h-5z"/><path d="M1 13h14v1.5H1z"/>
</g></svg>`;

export const pressIcon = new LabIcon({ name: 'pressrun:press', svgstr: PRESS });
