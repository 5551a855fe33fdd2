import { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { isCellOff } from '../../exclusion/tags';
import { IKernelName } from '../../protocol';
import { AskKernel } from './kernelApi';
import {
  chooseNames,
  memberQuery,
  mentionedNames,
  nearestFirst,
  withMembers
} from './kernelNames';
import { KernelWatcher } from './kernelWatcher';

/** How often a kernel is asked again that did not answer, or had no time. */
const MAX_RETRIES = 2;

/**
 * The names in the kernel of one notebook, as far as its cells mention them.
 *
 * #### Notes
 * The names are chosen when the user enters a cell and when the kernel has
 * answered, never at a key, so that the prompt keeps its beginning.
 */
export class NotebookKernel implements IDisposable {
  /**
   * @param panel - The notebook.
   * @param ask - Asks a kernel.
   * @param isWanted - Whether the user wants the names in prompts.
   */
  constructor(panel: NotebookPanel, ask: AskKernel, isWanted: () => boolean) {
    this._ask = ask;
    this._isWanted = isWanted;
    this._content = panel.content;
    this._watcher = new KernelWatcher(panel.sessionContext);
    this._watcher.rested.connect(this._onRested, this);
    this._watcher.lost.connect(this._forget, this);
    panel.content.activeCellChanged.connect(this._onCellEntered, this);
    panel.disposed.connect(this.dispose, this);
  }

  /** Whether the notebook is closed. */
  get isDisposed(): boolean {
    return this._watcher.isDisposed;
  }

  /** Equal for equal names, members aside. */
  get fingerprint(): string {
    return this._fingerprint;
  }

  /**
   * The names for the active cell, the most useful first.
   *
   * @param prefix - The text before the cursor: after the name of a module or
   * class and a dot, its members are asked for, and added once they are known.
   */
  names(prefix: string): IKernelName[] {
    const query = memberQuery(prefix);
    const root = query?.path.split('.')[0];
    const known = this._names.find(({ name }) => name === root);
    if (!query || !known || !['module', 'class'].includes(known.type)) {
      return this._chosen;
    }
    const members = this._members.get(query.path);
    if (members === undefined) {
      void this._askForMembers(query.path);
    }
    return withMembers(this._chosen, query, members ?? []);
  }

  /**
   * Forget the names, and stop to ask for them.
   */
  dispose(): void {
    this._watcher.dispose();
    this._forget();
    Signal.disconnectReceiver(this);
  }

  private async _askForMembers(path: string): Promise<void> {
    const kernel = this._watcher.idleKernel;
    if (kernel) {
      const known = this._members;
      known.set(path, []);
      const { names, members } = await this._ask(kernel.id, [], [path]);
      if (names === null) {
        known.delete(path);
      } else {
        known.set(path, members[path] ?? []);
      }
    }
  }

  private _onRested(_: KernelWatcher, kernel: Kernel.IKernelConnection): void {
    if (this._isWanted()) {
      void this._refresh(kernel);
    }
  }

  private async _refresh(kernel: Kernel.IKernelConnection): Promise<void> {
    const asked = this._mentioned();
    const generation = ++this._generation;
    const { complete, names } = await this._ask(kernel.id, asked, []);
    if (generation !== this._generation) {
      return;
    }
    if (complete) {
      this._retries = 0;
    } else if (this._retries++ < MAX_RETRIES) {
      this._watcher.request();
    }
    if (names === null) {
      return;
    }
    this._asked = new Set(asked);
    this._members = new Map();
    this._names = names;
    this._choose(this._mentioned());
  }

  private _onCellEntered(): void {
    if (this._isWanted()) {
      const mentioned = this._mentioned();
      this._choose(mentioned);
      if (mentioned.some(name => !this._asked.has(name))) {
        this._watcher.request();
      }
    }
  }

  private _choose(mentioned: string[]): void {
    this._chosen = chooseNames(this._names, mentioned);
    this._fingerprint =
      this._chosen.length > 0 ? Private.hash(JSON.stringify(this._chosen)) : '';
  }

  private _mentioned(): string[] {
    return mentionedNames(Private.sources(this._content));
  }

  private _forget(): void {
    this._generation++;
    this._retries = 0;
    this._asked = new Set();
    this._names = [];
    this._members = new Map();
    this._choose([]);
  }

  private _ask: AskKernel;
  private _asked = new Set<string>();
  private _chosen: IKernelName[] = [];
  private _content: Notebook;
  private _fingerprint = '';
  private _generation = 0;
  private _isWanted: () => boolean;
  private _members = new Map<string, string[]>();
  private _names: IKernelName[] = [];
  private _retries = 0;
  private _watcher: KernelWatcher;
}

namespace Private {
  /** A short text that is equal for equal texts (FNV-1a, and the length). */
  export function hash(text: string): string {
    let value = 0x811c9dc5;
    for (let index = 0; index < text.length; index++) {
      value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
    }
    return `/${(value >>> 0).toString(36)}.${text.length}`;
  }

  /** The sources of the code cells from the active one outwards. */
  export function* sources(content: Notebook): Generator<string> {
    const { widgets, activeCellIndex } = content;
    if (activeCellIndex < 0) {
      return;
    }
    for (const { model } of nearestFirst(widgets, activeCellIndex)) {
      if (model.type === 'code' && !isCellOff(model)) {
        yield model.sharedModel.getSource();
      }
    }
  }
}
