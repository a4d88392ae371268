// Preloaded into the program (`-r`): SIGUSR2 has it say how much it holds after a collection.
process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  require('node:fs').writeSync(1, `held bytes: ${heapUsed + external}\n`);
});
