{{- /* An image of this release: list of the root and a name. */ -}}
{{- define "pbfs.image" -}}
{{- $root := index . 0 -}}
{{- printf "%s%s:%s" $root.Values.image.prefix (index . 1) ($root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}

{{- /* Its name where several releases would meet: objects of the whole cluster. */ -}}
{{- define "pbfs.wide" -}}
pbfs-operator-{{ .Values.watchNamespace }}
{{- end -}}

{{- define "pbfs.labels" -}}
{app.kubernetes.io/name: pbfs-operator, app.kubernetes.io/part-of: pbfs}
{{- end -}}
