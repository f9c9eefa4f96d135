# Debian's PostgreSQL, with the paths, the user and the first steps of the official image.
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql \
    && usermod --non-unique --uid 999 postgres && groupmod --non-unique --gid 999 postgres \
    && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data \
    && ln -s /usr/lib/postgresql/*/bin /opt/postgresql \
    && for sample in /usr/share/postgresql/*/postgresql.conf.sample; do echo "listen_addresses = '*'" >> "$sample"; done
COPY database-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
ENV PATH=/opt/postgresql:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
