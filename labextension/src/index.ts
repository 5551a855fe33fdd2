import { attributionPlugin } from './attribution/plugin';
import { closedDocumentsPlugin } from './closedDocuments';
import { completionPlugin } from './completion/plugin';
import { exclusionPlugin } from './exclusion/plugin';
import { inspectorPlugin } from './inspector/plugin';
import { panelPlugin } from './panel/plugin';
import { statusPlugin } from './status/plugin';
import { suggestionsPlugin } from './suggestions/plugin';

export * from './protocol';
export { ISafeCoderStatus, type IStatusView } from './status/tokens';
export { ISuggestionSources } from './attribution/tokens';
export { IExclusions } from './exclusion/tokens';
export { IRequestRecorder } from './inspector/tokens';

export { ISuggestionEvents, type ISuggestionEvent } from './suggestions/tokens';

export default [
  suggestionsPlugin,
  statusPlugin,
  exclusionPlugin,
  attributionPlugin,
  inspectorPlugin,
  completionPlugin,
  panelPlugin,
  closedDocumentsPlugin
];
