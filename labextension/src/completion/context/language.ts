import { ConsolePanel } from '@jupyterlab/console';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';

import { kernelLanguage } from '../kernel/kernelLanguage';

/** The language of what names none. */
const DEFAULT_LANGUAGE = 'python';

/**
 * Languages of files that are completed, by the subtypes of their MIME types in
 * Lab. Prose and data are not completed.
 */
const FILE_LANGUAGES: { [language: string]: string } = {
  bash: 'x-sh',
  c: 'x-csrc',
  'c#': 'x-csharp',
  'c++': 'x-c++src',
  clojure: 'x-clojure x-clojurescript',
  cmake: 'x-cmake',
  css: 'css x-scss x-less',
  cypher: 'x-cypher-query',
  cython: 'x-cython',
  d: 'x-d',
  dart: 'dart x-dart',
  dockerfile: 'x-dockerfile',
  elm: 'x-elm',
  erlang: 'x-erlang',
  'f#': 'x-fsharp',
  fortran: 'x-fortran',
  go: 'x-go',
  groovy: 'x-groovy',
  haskell: 'x-haskell',
  html: 'html',
  java: 'x-java',
  javascript: 'javascript ecmascript x-javascript jsx',
  julia: 'x-julia',
  kotlin: 'x-kotlin',
  lisp: 'x-common-lisp',
  lua: 'x-lua',
  ocaml: 'x-ocaml',
  octave: 'x-octave',
  pascal: 'x-pascal',
  perl: 'x-perl',
  php: 'x-php x-httpd-php x-httpd-php-open',
  powershell: 'x-powershell',
  protobuf: 'x-protobuf',
  python: 'x-python x-ipython',
  r: 'x-rsrc',
  ruby: 'x-ruby',
  rust: 'x-rustsrc',
  sas: 'x-sas',
  scala: 'x-scala',
  scheme: 'x-scheme',
  sparql: 'sparql-query',
  sql: 'sql x-sql x-cassandra x-mariadb x-mssql x-mysql x-pgsql x-plsql x-sqlite',
  swift: 'x-swift',
  tcl: 'x-tcl',
  toml: 'x-toml',
  typescript: 'typescript typescript-jsx x-typescript',
  verilog: 'x-verilog x-systemverilog',
  vhdl: 'x-vhdl',
  yaml: 'x-yaml yaml'
};

const LANGUAGE_OF = new Map(
  Object.entries(FILE_LANGUAGES).flatMap(([language, types]) =>
    types.split(' ').map(type => [type, language] as const)
  )
);

/** The languages of kernels that have been asked. */
const kernelLanguages = new WeakMap<Kernel.IKernelConnection, string | null>();

/**
 * The language of a file, in lower case; `null` if it is not completed.
 *
 * @param mimeType - The type that the editor takes it for: Lab knows it from the
 * name of the file, and the user can change it.
 */
export function fileLanguage(mimeType: string): string | null {
  const subtype = mimeType.split(';')[0].split('/').pop()!;
  return LANGUAGE_OF.get(subtype) ?? null;
}

/**
 * The names of the language of a notebook's kernel.
 */
export function notebookLanguage(panel: NotebookPanel): string {
  const model = panel.content.model;
  return kernelLanguage(
    model?.getMetadata('language_info'),
    model?.getMetadata('kernelspec')
  );
}

/**
 * The language of a console, in lower case: what its kernel says, or before
 * that what its specification says.
 */
export function consoleLanguage(panel: ConsolePanel): string {
  const { kernelPreference, session, specsManager } =
    panel.console.sessionContext;
  const kernel = session?.kernel ?? null;
  const specs = specsManager?.specs;
  const name = kernel?.name ?? kernelPreference.name;
  return firstName(
    kernel && knownLanguage(kernel),
    name && specs?.kernelspecs[name]?.language,
    kernelPreference.language
  );
}

/** The language that a kernel has answered; it is asked once. */
function knownLanguage(kernel: Kernel.IKernelConnection): string | null {
  const known = kernelLanguages.get(kernel);
  if (known === undefined) {
    kernelLanguages.set(kernel, null);
    kernel.info.then(
      info => kernelLanguages.set(kernel, info.language_info?.name ?? null),
      () => kernelLanguages.delete(kernel)
    );
  }
  return known ?? null;
}

function firstName(...names: unknown[]): string {
  const name = names.find(one => typeof one === 'string' && one !== '');
  return ((name as string | undefined) ?? DEFAULT_LANGUAGE).toLowerCase();
}
