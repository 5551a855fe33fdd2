import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** How long, in ms, a kernel must be idle before it is asked. */
export const REST_MS = 300;

/**
 * Reports when a kernel of ipykernel is at rest after its names may have
 * changed: after it was opened, restarted, or has executed cells.
 *
 * #### Notes
 * "Run all" of many cells is followed by one report. What the report itself
 * causes in the kernel is no execution, so it causes no further report.
 */
export class KernelWatcher implements IDisposable {
  /**
   * @param sessionContext - The session whose kernel is watched.
   */
  constructor(sessionContext: ISessionContext) {
    this._sessionContext = sessionContext;
    sessionContext.kernelChanged.connect(this._onKernelChanged, this);
    sessionContext.statusChanged.connect(this._onStatusChanged, this);
    sessionContext.iopubMessage.connect(this._onMessage, this);
    this.request();
  }

  /** Emitted when the kernel may be asked. */
  get rested(): ISignal<this, Kernel.IKernelConnection> {
    return this._rested;
  }

  /** Emitted when the kernel's names are gone. */
  get lost(): ISignal<this, void> {
    return this._lost;
  }

  /** Whether the watcher is disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The kernel, if it is idle. */
  get idleKernel(): Kernel.IKernelConnection | null {
    const kernel = this._sessionContext.session?.kernel;
    return kernel?.status === 'idle' ? kernel : null;
  }

  /**
   * Report as soon as the kernel is at rest.
   */
  request(): void {
    this._isStale = true;
    this._schedule();
  }

  /**
   * Disconnect from the session.
   */
  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _schedule(): void {
    clearTimeout(this._timer);
    if (this._isStale && this.idleKernel) {
      this._timer = setTimeout(() => void this._report(), REST_MS);
    }
  }

  private async _report(): Promise<void> {
    const kernel = this.idleKernel;
    if (!kernel) {
      return;
    }
    const info = await kernel.info.catch(() => null);
    if (this.idleKernel !== kernel || this._isDisposed) {
      return;
    }
    this._isStale = false;
    if (
      info?.implementation === 'ipython' &&
      info.language_info.name === 'python'
    ) {
      this._rested.emit(kernel);
    }
  }

  private _onKernelChanged(): void {
    this._lost.emit();
    this.request();
  }

  private _onStatusChanged(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this._isStale = true;
      this._lost.emit();
    }
    this._schedule();
  }

  private _onMessage(
    _: ISessionContext,
    message: KernelMessage.IMessage
  ): void {
    if (message.header.msg_type === 'execute_input') {
      this._isStale = true;
      clearTimeout(this._timer);
    }
  }

  private _isDisposed = false;
  private _isStale = true;
  private _lost = new Signal<this, void>(this);
  private _rested = new Signal<this, Kernel.IKernelConnection>(this);
  private _sessionContext: ISessionContext;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
