import { ConsolePanel } from '@jupyterlab/console';
import { NotebookPanel } from '@jupyterlab/notebook';

import { flushPromises } from '../../testing/fakes';
import { consoleLanguage, fileLanguage, notebookLanguage } from './language';

describe('fileLanguage', () => {
  it.each([
    ['text/x-python', 'python'],
    ['text/x-ipython', 'python'],
    ['text/x-rsrc', 'r'],
    ['text/x-julia', 'julia'],
    ['text/x-sql', 'sql'],
    ['application/sql', 'sql'],
    ['text/x-pgsql', 'sql'],
    ['text/x-sh', 'bash'],
    ['text/javascript', 'javascript'],
    ['application/javascript', 'javascript'],
    ['text/jsx', 'javascript'],
    ['application/typescript', 'typescript'],
    ['text/typescript-jsx', 'typescript'],
    ['text/x-c++src', 'c++'],
    ['text/x-csrc', 'c'],
    ['text/x-rustsrc', 'rust'],
    ['text/x-dockerfile', 'dockerfile'],
    ['text/x-yaml; charset=utf-8', 'yaml']
  ])('%s: %s', (mimeType, language) => {
    expect(fileLanguage(mimeType)).toBe(language);
  });

  it.each([
    'text/plain',
    'text/x-markdown',
    'text/x-ipythongfm',
    'application/json',
    'text/csv',
    'text/x-stex',
    ''
  ])('has none for prose and data: %s', mimeType => {
    expect(fileLanguage(mimeType)).toBeNull();
  });
});

describe('notebookLanguage', () => {
  it.each([
    [{ language_info: { name: 'R' }, kernelspec: { language: 'python' } }, 'r'],
    [{ kernelspec: { language: 'Julia' } }, 'julia'],
    [{ language_info: { name: 3 }, kernelspec: { language: '' } }, 'python'],
    [{}, 'python']
  ])('%j: %s', (metadata: { [key: string]: object }, language) => {
    const model = { getMetadata: (key: string) => metadata[key] };
    const panel = { content: { model } } as unknown as NotebookPanel;
    expect(notebookLanguage(panel)).toBe(language);
  });

  it('is Python before there is a model', () => {
    const panel = { content: { model: null } } as unknown as NotebookPanel;
    expect(notebookLanguage(panel)).toBe('python');
  });
});

describe('consoleLanguage', () => {
  const specsManager = {
    specs: {
      kernelspecs: { ir: { language: 'R' }, wrapper: { language: 'python' } }
    }
  };

  function createPanel(sessionContext: object): ConsolePanel {
    return {
      console: { sessionContext: { specsManager, ...sessionContext } }
    } as unknown as ConsolePanel;
  }

  function createKernel(name: string, info: Promise<object>): object {
    return { name, info };
  }

  it('is that of the specification until the kernel has answered with its own', async () => {
    const info = Promise.resolve({ language_info: { name: 'Scala' } });
    const kernel = createKernel('wrapper', info);
    const panel = createPanel({ kernelPreference: {}, session: { kernel } });
    expect(consoleLanguage(panel)).toBe('python');
    await flushPromises();
    expect(consoleLanguage(panel)).toBe('scala');
  });

  it('is that of a kernel that is to be started', () => {
    const preference = { name: 'ir', language: 'python' };
    const panel = createPanel({ kernelPreference: preference, session: null });
    expect(consoleLanguage(panel)).toBe('r');
  });

  it('is the preferred one where nothing else is known', () => {
    const preference = { language: 'Julia' };
    const panel = createPanel({ kernelPreference: preference });
    expect(consoleLanguage(panel)).toBe('julia');
    expect(consoleLanguage(createPanel({ kernelPreference: {} }))).toBe(
      'python'
    );
  });

  it('asks a kernel again that has not answered', async () => {
    const infos = [
      Promise.reject(new Error('dead')),
      Promise.resolve({ language_info: { name: 'R' } })
    ];
    const kernel = {
      name: 'wrapper',
      get info() {
        return infos.shift();
      }
    };
    const panel = createPanel({ kernelPreference: {}, session: { kernel } });
    expect(consoleLanguage(panel)).toBe('python');
    await flushPromises();
    expect(consoleLanguage(panel)).toBe('python');
    await flushPromises();
    expect(consoleLanguage(panel)).toBe('r');
    expect(infos).toHaveLength(0);
  });
});
