// A process keeps the environment it was started with where every process of its user can read it (proc_pid_environ(5)).
// So the program starts itself again without its secrets, and hands them over in a file that has no name.
var fs = require('node:fs');
var os = require('node:os');
var path = require('node:path');

// The same as SECRET_VARIABLES of src/config.ts; a test compares them.
var SECRETS = [
  'DATABASE_URL',
  'GATEHOUSE_SECRET_KEY',
  'GATEHOUSE_ADMIN_TOKEN',
  'GATEHOUSE_API_TOKEN',
  'GATEHOUSE_API_KEY',
  'GATEHOUSE_API_SECRET',
  'GATEHOUSE_OIDC_CLIENT_SECRET',
];

// The standard descriptors are the only ones that stay open over execve.
var STDIN = 0;

/** Puts the secrets of an environment into an unnamed file on descriptor 0. Returns the environment without them. */
function handOver(env) {
  var rest = Object.assign({}, env);
  var secrets = {};
  SECRETS.forEach((name) => {
    if (env[name]) {
      secrets[name] = env[name];
      delete rest[name];
    }
  });
  if (Object.keys(secrets).length === 0) {
    return env;
  }
  fs.closeSync(STDIN);
  if (!openUnnamed()) {
    fs.openSync(os.devNull, 'r');
    process.stderr.write(
      'No temporary folder can be written, so the secrets stay in the environment of this process, where processes of the\n' +
        'same user can read them. Set TMPDIR to a folder that can be written, or give the secrets as files (…_FILE).\n',
    );
    return env;
  }
  fs.writeSync(STDIN, JSON.stringify(secrets), 0);
  return rest;
}

/** Opens a new file that has lost its name already, as the lowest free descriptor, which is 0. */
function openUnnamed() {
  return [os.tmpdir(), '/dev/shm', process.env.GATEHOUSE_DATA || './data'].some((folder) => {
    var name = path.join(folder, `.gatehouse-${process.pid}-${Date.now()}`);
    try {
      fs.openSync(name, 'wx+', 0o600);
      fs.unlinkSync(name);
      return true;
    } catch {
      return false;
    }
  });
}

/** Takes the secrets that were handed over into an environment, and empties the file. */
function takeOver(env) {
  var stat = fs.fstatSync(STDIN);
  if (!stat.isFile() || stat.nlink > 0) {
    return;
  }
  var bytes = Buffer.alloc(stat.size);
  fs.readSync(STDIN, bytes, 0, stat.size, 0);
  fs.ftruncateSync(STDIN, 0);
  fs.closeSync(STDIN);
  fs.openSync(os.devNull, 'r');
  Object.assign(env, JSON.parse(bytes.toString('utf8')));
}

module.exports = { SECRETS: SECRETS, handOver: handOver, takeOver: takeOver };
