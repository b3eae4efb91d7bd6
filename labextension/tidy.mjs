// What the builder leaves in `dist` and no user needs: how it is built, and a second copy of that.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = new URL('dist/', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
for (const part of ['devDependencies', 'resolutions', 'scripts']) {
  delete manifest[part];
}
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (name.endsWith('package.json.orig') || name.endsWith('.map')) {
    rmSync(join(dist, name));
  }
}
