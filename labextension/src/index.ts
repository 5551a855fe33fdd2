import { completionPlugin } from './completion/plugin';
import { panelPlugin } from './panel/plugin';
import { statusPlugin } from './status/plugin';
import { suggestionsPlugin } from './suggestions/plugin';

export * from './protocol';
export { ISafeCoderStatus, type IStatusView } from './status/tokens';

export { ISuggestionEvents, type ISuggestionEvent } from './suggestions/tokens';

export default [suggestionsPlugin, statusPlugin, completionPlugin, panelPlugin];
