import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createTableServer } from './served.ts';

/** The server of the table as a local process; the argument `stateless` refuses the versions with a handshake. */
const state = { held: 0, cancelled: 0 };
serveStdio(() => createTableServer(state), { legacy: process.argv[2] === 'stateless' ? 'reject' : 'serve' });
