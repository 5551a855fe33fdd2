import { completionPlugin } from './completion/plugin';
import { statusPlugin } from './status/plugin';

export * from './protocol';
export { ISafeCoderStatus, type IStatusView } from './status/tokens';

export default [statusPlugin, completionPlugin];
