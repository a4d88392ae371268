// Runs before anything else, on any Node: TypeScript sources and node:sqlite need a newer one, and its own error would
// not say so. Old syntax on purpose.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 24 || (version[0] === 24 && version[1] < 18)) {
  process.stderr.write(
    'Gatehouse needs Node 24.18 or newer; this is ' +
      process.versions.node +
      '.\n' +
      'In a clone, `npm ci` installs one that `npm start` uses (its install script must be allowed to run).\n' +
      'Beside an installed package, `npm install node@24` gives one to npx.\n',
  );
  process.exit(1);
}
// A program that runs from its sources keeps what it was compiled to: that is half of its start time.
if (/\.ts$/.test(process.argv[1])) {
  require('node:module').enableCompileCache(require('node:path').join(__dirname, '../node_modules/.cache/compile'));
}
