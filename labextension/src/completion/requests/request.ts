import { ICompletionRequest, PROTOCOL_VERSION, Trigger } from '../../protocol';
import { FetchCall } from './fetchCall';
import { ICompletionSettings, completionOptions } from '../settings';
import { IWindow } from '../editor/window';

/**
 * The body of a request.
 *
 * @param place - The cell or file, with its context.
 * @param window - The text around the cursor.
 * @param settings - The user's settings.
 * @param trigger - What causes the request.
 */
export function completionRequest(
  place: Pick<FetchCall, 'context' | 'target'>,
  window: IWindow,
  settings: ICompletionSettings,
  trigger: Trigger
): ICompletionRequest {
  const { context, target } = place;
  return {
    version: PROTOCOL_VERSION,
    document: target.document,
    path: target.path,
    language: target.language,
    before: context.before,
    below: context.below,
    kernel: context.kernel?.(window.prefix) ?? [],
    modules: context.modules,
    files: context.files,
    prefix: window.prefix,
    suffix: window.suffix,
    options: completionOptions(settings, trigger)
  };
}
