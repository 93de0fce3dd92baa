{{/* Rejects combinations of values that the schema cannot exclude. Each message gives the correct form. */}}
{{- define "spark-nanny.checks" -}}
{{- with .Values }}
{{- if and .certManager.enabled .webhook.tls.existingSecret }}
{{- fail "certManager.enabled and webhook.tls.existingSecret are both set; set one of them" }}
{{- end }}
{{- if and .webhook.tls.caBundle (not .webhook.tls.existingSecret) }}
{{- fail "webhook.tls.caBundle is set without webhook.tls.existingSecret; remove it, because spark-nanny or cert-manager sets the caBundle" }}
{{- end }}
{{- if and .webhook.tls.caBundle (not (contains "-----BEGIN CERTIFICATE-----" .webhook.tls.caBundle)) }}
{{- fail "webhook.tls.caBundle must be certificates in PEM format, starting with -----BEGIN CERTIFICATE-----" }}
{{- end }}
{{- if contains "PRIVATE KEY" .webhook.tls.caBundle }}
{{- fail "webhook.tls.caBundle holds a private key; specify only CA certificates" }}
{{- end }}
{{- if and .rbac.namespaces (include "spark-nanny.patchesCaBundle" $) }}
{{- fail "rbac.namespaces is set, so that the webhook may not write its caBundle; also set certManager.enabled, or webhook.tls.existingSecret with webhook.tls.caBundle" }}
{{- end }}
{{- if eq .image.repository "bringg/spark-nanny" }}
{{- fail "image.repository: bringg/spark-nanny is the image of the predecessor, which this chart cannot run; remove image from your values" }}
{{- end }}
{{- if eq (.webhook.port | int) (include "spark-nanny.metricsPort" $ | int) }}
{{- fail (printf "webhook.port and metrics.port are both %d; they must differ" (.webhook.port | int)) }}
{{- end }}
{{- end }}
{{- end }}
