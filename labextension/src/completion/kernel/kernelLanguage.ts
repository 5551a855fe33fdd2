/** Maximum number of characters that a request has for the language. */
const MAX_CHARACTERS = 64;

/**
 * The language of a kernel, in lower case.
 *
 * @param info - The `language_info` of the kernel or notebook.
 * @param spec - The `kernelspec` of the notebook.
 *
 * #### Notes
 * A kernel may have a name of its own for a language: PySpark for Python. If the
 * other fields of `language_info` do not have the name, they follow it, divided
 * by commas; the first name that the runtime knows counts. See
 * `jupyter_safecoder/languages/recognition.py`.
 */
export function kernelLanguage(info: unknown, spec: unknown): string {
  const { name, file_extension, pygments_lexer, codemirror_mode, mimetype } =
    fields(info);
  const mode = fields(codemirror_mode).name ?? codemirror_mode;
  const [first, ...others] = texts([
    name,
    file_extension,
    pygments_lexer,
    mode,
    mimetype
  ]);
  if (first === undefined) {
    const { language, name: kernel } = fields(spec);
    return texts([language, kernel, 'python'])[0];
  }
  const names = [first.slice(0, MAX_CHARACTERS)];
  const isKnown = others.some(other => other.includes(first));
  for (const other of isKnown ? [] : others) {
    if ([...names, other].join(',').length <= MAX_CHARACTERS) {
      names.push(other);
    }
  }
  return names.join(',');
}

/**
 * Whether the names of a language are those of Python: PySpark's kernels name
 * their own language first.
 */
export function isPython(language: string): boolean {
  return language.split(',').some(name => /^(i?python\d*|\.py)$/.test(name));
}

/** The texts among values: in lower case, without commas, each once. */
function texts(values: unknown[]): string[] {
  const found = values
    .filter((value): value is string => typeof value === 'string')
    .map(text => text.toLowerCase().replace(/,/g, ' ').trim())
    .filter(text => text !== '');
  return Array.from(new Set(found));
}

function fields(value: unknown): { [key: string]: unknown } {
  return typeof value === 'object' && value !== null
    ? (value as { [key: string]: unknown })
    : {};
}
