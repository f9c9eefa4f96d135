# Debian's RabbitMQ, with the paths and the user of the official image.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends rabbitmq-server \
    && chown -R 999:999 /var/lib/rabbitmq /var/log/rabbitmq
# Debian's own programs in /usr/sbin insist on Debian's user.
ENV HOME=/var/lib/rabbitmq PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["rabbitmq-server"]
