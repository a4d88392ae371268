/** A line of the bench's answer. */
export const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** A word about long work, apart from the answer. */
export const report = (line: string): void => {
  process.stderr.write(`  ${line}\n`);
};
