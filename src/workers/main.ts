/** Entry of a worker thread: one task at a time, in the order they come. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../protocol/errors';
import { type TaskMessage, type TaskName, type TaskReply, tasks } from './tasks';

function answer<Name extends TaskName>({ task, input }: TaskMessage<Name>): void {
  try {
    const { output, transfer } = tasks[task](input);
    reply({ kind: 'done', output }, transfer);
  } catch (error) {
    if (error instanceof UserError) reply({ kind: 'refused', error: error.toData() }, []);
    else reply({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }, []);
  }
}

function reply(message: TaskReply, transfer: readonly ArrayBuffer[]): void {
  parentPort?.postMessage(message, [...transfer]);
}

parentPort?.on('message', answer);
