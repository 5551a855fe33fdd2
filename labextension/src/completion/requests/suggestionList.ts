import {
  IInlineCompletionItem,
  IInlineCompletionList
} from '@jupyterlab/completer';

/**
 * Why `fetch` has no suggestion. Lab handles it without a message.
 */
export class NoSuggestionError extends Error {
  readonly name = 'NoSuggestionError';
}

/**
 * The list of one suggestion that Lab expects.
 *
 * @param insertText - The text to insert.
 * @param token - Announces that more of it will be streamed.
 * @throws NoSuggestionError - If the text is empty.
 */
export function suggestionList(
  insertText: string,
  token?: string
): IInlineCompletionList<IInlineCompletionItem> {
  if (insertText === '') {
    throw new NoSuggestionError('known to be empty');
  }
  return {
    items: [token ? { insertText, isIncomplete: true, token } : { insertText }]
  };
}
