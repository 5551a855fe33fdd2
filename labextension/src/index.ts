import { completionPlugin } from './completion/plugin';
import { exclusionPlugin } from './exclusion/plugin';
import { inspectorPlugin } from './inspector/plugin';
import { statusPlugin } from './status/plugin';

export * from './protocol';
export { ISafeCoderStatus, type IStatusView } from './status/tokens';
export { IExclusions } from './exclusion/tokens';
export { IRequestRecorder } from './inspector/tokens';

export default [
  statusPlugin,
  exclusionPlugin,
  inspectorPlugin,
  completionPlugin
];
