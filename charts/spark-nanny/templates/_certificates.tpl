{{/* The source of the serving certificate. One of: self-signed, cert-manager, existing-secret. */}}
{{- define "spark-nanny.certificates" -}}
{{- if .Values.certManager.enabled }}cert-manager
{{- else if .Values.webhook.tls.existingSecret }}existing-secret
{{- else }}self-signed
{{- end }}
{{- end }}

{{/* The name of the Secret with tls.crt and tls.key. */}}
{{- define "spark-nanny.tlsSecret" -}}
{{- $source := include "spark-nanny.certificates" . }}
{{- if eq $source "existing-secret" }}
{{- .Values.webhook.tls.existingSecret }}
{{- else if eq $source "cert-manager" }}
{{- include "spark-nanny.fullname" . }}-cert-manager-tls
{{- else }}
{{- include "spark-nanny.fullname" . }}-webhook-tls
{{- end }}
{{- end }}

{{/* "true" if the webhook process writes the caBundle, so that the chart does not render it; otherwise empty. */}}
{{- define "spark-nanny.patchesCaBundle" -}}
{{- $source := include "spark-nanny.certificates" . }}
{{- if or (eq $source "self-signed") (and (eq $source "existing-secret") (not .Values.webhook.tls.caBundle)) }}true{{ end }}
{{- end }}

{{/* The keys of the Secret that the container mounts. If one is missing, the kubelet does not start the pod. */}}
{{- define "spark-nanny.tlsKeys" -}}
- tls.crt
- tls.key
{{- if and (eq (include "spark-nanny.certificates" .) "existing-secret") (not .Values.webhook.tls.caBundle) }}
- ca.crt
{{- end }}
{{- end }}
