/**
 * The parts of undici that run here, by their own paths: the whole of it also has a browser's client, caches and mocks.
 * Their types are undici's own.
 */
import connect from 'undici/lib/core/connect.js';
import symbols from 'undici/lib/core/symbols.js';
import Dispatcher from 'undici/lib/dispatcher/agent.js';

/** Sends requests over connections that stay open. */
export const Agent: typeof import('undici').Agent = Dispatcher;
/** Makes the function that opens the connections of an `Agent`. */
export const buildConnector: typeof import('undici').buildConnector = connect;
/** The property of a socket in which an `Agent` has the parser of its answers. */
export const kParser: unique symbol = symbols.kParser as typeof kParser;
