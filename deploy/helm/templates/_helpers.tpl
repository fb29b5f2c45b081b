{{/* Begin of the names of all objects. */}}
{{- define "policycortex.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of a part, also its selector. Called with root and part. */}}
{{- define "policycortex.labels" -}}
app.kubernetes.io/name: {{ include "policycortex.name" .root }}-{{ .part }}
{{- end -}}

{{- define "policycortex.image" -}}
image: {{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end -}}

{{- define "policycortex.serviceAccount" -}}
{{- default (include "policycortex.name" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The Service of the UI in the cluster. */}}
{{- define "policycortex.uiService" -}}
http://{{ include "policycortex.name" . }}-ui:80
{{- end -}}

{{/* Where pods that share nothing keep temporary files. A folder below the mount: the product refuses a home that others
may enter, and the mount itself belongs to root. */}}
{{- define "policycortex.home" -}}
/var/lib/policycortex/home
{{- end -}}

{{- define "policycortex.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "policycortex.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: ["ALL"]
{{- end -}}

{{/* Where the pods of a part may run. Called with the part's values. */}}
{{- define "policycortex.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "policycortex.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "policycortex.secretEnvironment" -}}
{{- with .Values.secret.name }}
- secretRef:
    name: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Environment variables of every pod. */}}
{{- define "policycortex.environment" -}}
- name: POLICYCORTEX_HOME
  value: {{ include "policycortex.home" . }}
{{- with .Values.publicUrl }}
- name: POLICYCORTEX_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
# The name under which people open the Dagster UI.
- name: POLICYCORTEX_UI_URL
  value: {{ .Values.uiUrl | quote }}
{{- with .Values.trustedProxies }}
# Networks of the ingress controller's pods; without them the audit log and networks of keys see its address.
- name: POLICYCORTEX_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.rateLimitUrl }}
- name: POLICYCORTEX_RATE_LIMIT_URL
  value: {{ . | quote }}
{{- end }}
{{- if .Values.frameworks.configMap }}
- name: POLICYCORTEX_FRAMEWORKS_DIR
  value: /etc/policycortex/frameworks
{{- end }}
{{- if .Values.templates.configMap }}
- name: POLICYCORTEX_TEMPLATES_DIR
  value: /etc/policycortex/templates
{{- end }}
{{- if .Values.workers.enabled }}
- name: POLICYCORTEX_BROKER_URL
  valueFrom:
    secretKeyRef:
      name: {{ default .Values.secret.name .Values.workers.broker.secret | quote }}
      key: {{ .Values.workers.broker.key | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Volumes of every pod but that of the home. */}}
{{- define "policycortex.mounts" -}}
- name: home
  mountPath: /var/lib/policycortex
{{- if .Values.frameworks.configMap }}
- name: frameworks
  mountPath: /etc/policycortex/frameworks
  readOnly: true
{{- end }}
{{- if .Values.templates.configMap }}
- name: templates
  mountPath: /etc/policycortex/templates
  readOnly: true
{{- end }}
{{- end -}}

{{- define "policycortex.volumes" -}}
{{- with .Values.frameworks.configMap }}
- name: frameworks
  configMap:
    name: {{ . | quote }}
{{- end }}
{{- with .Values.templates.configMap }}
- name: templates
  configMap:
    name: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Probes of the API. */}}
{{- define "policycortex.apiProbes" -}}
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 10
  timeoutSeconds: 10
livenessProbe:
  httpGet:
    path: /healthz
    port: http
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 4
{{- end -}}

{{/* Rules of egress, for all policies. */}}
{{- define "policycortex.egress" -}}
{{- with .Values.networkPolicy.egress }}
egress:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "policycortex.policyTypes" -}}
policyTypes:
  - Ingress
{{- if .Values.networkPolicy.egress }}
  - Egress
{{- end }}
{{- end -}}
