// Preloaded into a program (`-r`): each SIGUSR2 is a fault of the kind that FAULT names, with a secret in what it says.
const secret = process.env.FAULT_SECRET;
const faults = {
  throw: () => {
    throw Object.assign(new TypeError(`cannot read ${secret} of undefined`), { input: secret, headers: { secret } });
  },
  reject: () => void Promise.reject(new Error('rejected', { cause: new Error(secret) })),
  'reject with a text': () => void Promise.reject(secret),
  // Its message quotes what it could not parse.
  parse: () => JSON.parse(`{"token": ${secret}}`),
  emit: () => new (require('node:events'))().emit('error', new Error(`/mcp/${secret}?x`)),
};
process.on('SIGUSR2', () => setImmediate(faults[process.env.FAULT]));
