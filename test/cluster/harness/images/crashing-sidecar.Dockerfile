# A sidecar that is broken from its first second on.
FROM gcr.io/distroless/nodejs26-debian13:nonroot
USER 65532
ENTRYPOINT ["/nodejs/bin/node", "-e", "console.error('crashing'); process.exit(1)"]
