{{/* What the schema cannot say: values that exclude each other. Each message says what to write. */}}
{{- define "spark-nanny.checks" -}}
{{- with .Values }}
{{- if and .certManager.enabled .webhook.tls.existingSecret }}
{{- fail "certManager.enabled and webhook.tls.existingSecret are both set; set one of them" }}
{{- end }}
{{- if and .webhook.tls.caBundle (not .webhook.tls.existingSecret) }}
{{- fail "webhook.tls.caBundle is set without webhook.tls.existingSecret; leave it out, the caBundle is filled in by itself" }}
{{- end }}
{{- if and .webhook.tls.caBundle (not (contains "-----BEGIN CERTIFICATE-----" .webhook.tls.caBundle)) }}
{{- fail "webhook.tls.caBundle must be certificates in PEM, beginning with -----BEGIN CERTIFICATE-----" }}
{{- end }}
{{- if contains "PRIVATE KEY" .webhook.tls.caBundle }}
{{- fail "webhook.tls.caBundle holds a private key; only the CA's certificates belong there" }}
{{- end }}
{{- if eq .image.repository "bringg/spark-nanny" }}
{{- fail "image.repository: bringg/spark-nanny is the image of the Go spark-nanny, which this chart does not run; remove image from your values" }}
{{- end }}
{{- if eq (.webhook.port | int) (include "spark-nanny.metricsPort" $ | int) }}
{{- fail (printf "webhook.port and metrics.port are both %d; they must differ" (.webhook.port | int)) }}
{{- end }}
{{- end }}
{{- end }}
