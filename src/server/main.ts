/**
 * server/ is the analysis process: it speaks LSP with the editor, knows documents, findings and jobs, and starts engines.
 * It never loads the tensor library, never writes to a user's file (edits are handed to the editor), and in a workspace
 * that is not trusted it runs nothing. `--node-ipc` or `--stdio` says how it is spoken to.
 */
import { fileURLToPath } from 'node:url';
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { startServer } from './startServer';

/** The engine's bundle lies beside the server's. */
const engineModule = fileURLToPath(new URL('./engine.mjs', import.meta.url));

startServer(createConnection(ProposedFeatures.all), engineModule);
