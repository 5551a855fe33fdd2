import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

/** A session whose kernel the test drives. */
export class FakeSession {
  readonly iopubMessage = new Signal<this, KernelMessage.IMessage>(this);
  readonly kernelChanged = new Signal<this, void>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);

  session: { kernel: FakeKernel } | null = { kernel: new FakeKernel() };

  /** As Lab's session. */
  get asLab(): ISessionContext {
    return this as unknown as ISessionContext;
  }

  /** Change the status of the kernel. */
  setStatus(status: Kernel.Status): void {
    this.session!.kernel.status = status;
    this.statusChanged.emit(status);
  }

  /** Run a cell, or what another client runs. */
  execute(): void {
    this.setStatus('busy');
    this.send('execute_input');
    this.setStatus('idle');
  }

  /** Receive a message from the kernel. */
  send(type: string): void {
    this.iopubMessage.emit({
      header: { msg_type: type }
    } as KernelMessage.IMessage);
  }
}

/** The members of a kernel that are used. */
export class FakeKernel {
  constructor(implementation = 'ipython', language = 'python') {
    this.info = Promise.resolve({
      implementation,
      language_info: { name: language }
    });
  }

  id = 'kernel-1';
  info: Promise<object>;
  status: Kernel.Status = 'idle';
}
