import type { LargeFileMessage, LargeFileRequest } from '../../protocol/largeFileMessages';
import { rootElement } from '../shared/root';
import { createLargeFileView } from './largeFileView';

declare function acquireVsCodeApi(): { postMessage(message: LargeFileRequest): void };

/** Entry of the view of large files. Only the visible rows are asked for, and only they are in the document. */
const editor = acquireVsCodeApi();
const view = createLargeFileView(rootElement(), (request) => editor.postMessage(request));
window.addEventListener('message', (event: MessageEvent<LargeFileMessage>) => view.hear(event.data));
editor.postMessage({ type: 'ready' });
