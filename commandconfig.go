// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func (c *console) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config [--config <path> [--adapter <name>]] [--json]",
		Short: "Prints the effective settings of each gate, and where they come from",
		Long: `
Prints the settings of each clerk_auth, of each provider clerk of the
authentication handler, and of each clerk_proxy, as they are once they were
taken from the directive, the global option and the environment, with their
placeholders expanded and the defaults filled in. Beside each stands where it
comes from.

Of secrets, only what tells their kind is shown, such as sk_test_….

The exit status is 1 if the settings of a gate are not right, which the last
line about it then says.`,
		Example: `  $ caddy clerk config
  $ caddy clerk config --config /etc/caddy/Caddyfile
  $ caddy clerk config --config caddy.json --json | jq '.gates[0].settings[] | select(.name == "issuer")'`,
		RunE: c.run(c.config),
	}
}

// gateReport is what is printed of a gate's settings.
type gateReport struct {
	Gate     string          `json:"gate"`
	Settings []settingReport `json:"settings"`
	// Problem is what is not right about them, empty when all is.
	Problem string `json:"problem,omitempty"`
}

type settingReport struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`
	Source string `json:"source"`
}

func (c *console) config(cmd *cobra.Command, args []string) (bool, error) {
	if len(args) > 0 {
		return false, fmt.Errorf("expected no arguments, got %q", shorten(args[0]))
	}
	found, err := c.configured(cmd)
	if err != nil {
		return false, err
	}
	reports, proxies := make([]gateReport, 0, len(found.gates)), make([]gateReport, 0, len(found.proxies))
	for _, g := range found.gates {
		reports = append(reports, g.report())
	}
	for _, p := range found.proxies {
		proxies = append(proxies, p.report())
	}
	all := slices.Concat(reports, proxies)
	well := !slices.ContainsFunc(all, func(r gateReport) bool { return r.Problem != "" })
	secrets := found.secrets()
	if (caddycmd.Flags{FlagSet: cmd.Flags()}).Bool("json") {
		return well, c.printJSON(secrets, map[string]any{"gates": reports, "proxies": proxies})
	}
	var text strings.Builder
	for i, report := range all {
		if i > 0 {
			text.WriteByte('\n')
		}
		c.writeSettings(&text, report)
	}
	return well, c.print(secrets, text.String())
}

func (c *console) writeSettings(text *strings.Builder, report gateReport) {
	fmt.Fprintf(text, "%s\n", c.bold(oneLine(report.Gate)))
	names, values := 0, 0
	for _, s := range report.Settings {
		names = max(names, len(s.Name))
		if length := len(s.text()); length <= widestValue {
			values = max(values, length)
		}
	}
	for _, s := range report.Settings {
		fmt.Fprintf(text, "  %-*s  %-*s  %s\n", names, s.Name, values, s.text(), c.color(resultColors["off"], "("+oneLine(s.Source)+")"))
	}
	if report.Problem != "" {
		fmt.Fprintf(text, "  %s%s\n", c.result("failed"), oneLine(report.Problem))
	}
}

// widestValue is the width of the widest value that others are aligned with.
const widestValue = 60

func (s settingReport) text() string {
	if list, ok := s.Value.([]string); ok {
		return oneLine(strings.Join(list, ", "))
	}
	if text, ok := s.Value.(string); ok {
		return oneLine(text)
	}
	raw, err := json.Marshal(s.Value)
	if err != nil {
		return "?"
	}
	return oneLine(string(raw))
}

// report gives the gate's effective settings: those of Settings, and after them
// those of the gate alone.
func (g *configuredGate) report() gateReport {
	report := gateReport{Gate: g.String()}
	merged := g.settings()
	r, err := g.resolve()
	if err != nil {
		report.Problem = err.Error()
		r = &resolved{Settings: merged} // As it was written.
	} else {
		merged = r.Settings
	}
	if g.instance != "" && !g.unused {
		report.Settings = append(report.Settings, settingReport{"instance", g.instance, layerDirective})
	}
	defaults := r.defaults()
	for _, field := range settingFields {
		value := reflect.ValueOf(merged).FieldByIndex(field.Index)
		name := jsonName(field)
		if isUnset(value) {
			if standard, ok := defaults[name]; ok && err == nil {
				report.Settings = append(report.Settings, settingReport{name, standard, "default"})
			}
			continue
		}
		report.Settings = append(report.Settings, settingReport{name, r.shown(name, value.Interface()), g.source(field)})
	}
	report.Settings = append(report.Settings, g.handler.policySettings()...)
	return report
}

// settingFields are the fields of Settings that stand in a configuration.
var settingFields = slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[Settings]()), func(f reflect.StructField) bool {
	return jsonName(f) == ""
})

func isUnset(setting reflect.Value) bool {
	return setting.IsZero() || setting.Kind() == reflect.Slice && setting.Len() == 0
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// source says where a setting stands: in the first layer that has it.
func (g *configuredGate) source(field reflect.StructField) string {
	for _, l := range g.layers() {
		value := reflect.ValueOf(l.settings).FieldByIndex(field.Index)
		if isUnset(value) {
			continue
		}
		if l.name == layerEnvironment {
			return l.name + ", CLERK_" + strings.ToUpper(jsonName(field))
		}
		if used := placeholdersIn(value.Interface()); used != "" {
			return l.name + ", " + used
		}
		return l.name
	}
	return "default"
}

var placeholder = regexp.MustCompile(`\{(env|file)\.[^{}]*\}`)

// isPlaceholder tells whether a setting is nothing else.
func isPlaceholder(setting string) bool {
	return placeholder.FindString(setting) == setting && setting != ""
}

// placeholdersIn names those that a setting refers to.
func placeholdersIn(setting any) string {
	switch value := setting.(type) {
	case string:
		return strings.Join(placeholder.FindAllString(value, -1), " ")
	case []string:
		return strings.Join(placeholder.FindAllString(strings.Join(value, " "), -1), " ")
	}
	return ""
}

// shown gives a setting as it may be seen.
func (r *resolved) shown(name string, value any) any {
	text, isText := value.(string)
	switch {
	case isText && isPlaceholder(text):
		return text
	case name == "secret_key", name == "machine_secret_key":
		return secretPrefix(text) + "…"
	case name == "jwt_key":
		return r.shownPEM()
	}
	switch value := value.(type) {
	case *caddy.Duration:
		return time.Duration(*value).String()
	default:
		return value
	}
}

// shownPEM says of a public key what tells it from others; of what is none it
// says nothing, since it may be a private one.
func (r *resolved) shownPEM() string {
	if r.keys.pem == "" {
		return "…"
	}
	return describePEM(r.keys.pem)
}

// defaults gives what is used where nothing is set.
func (r *resolved) defaults() map[string]any {
	defaults := map[string]any{
		"keys_max_stale":     r.staleFor.String(),
		"api_url":            backendapi.DefaultAPIURL,
		"api_version":        backendapi.DefaultAPIVersion,
		"authorized_parties": "not checked",
		"audience":           "not checked",
		"clock_skew":         r.want.ClockSkew.String(),
		"accepts_token":      []string{"session_token"},
		"session_sync":       syncByHandshake,
		"outage_grace":       "off",
		"secret_key":         "none",
		"sign_in_url":        "the instance's Account Portal",
		"sign_up_url":        "the instance's Account Portal",
	}
	if r.keys.pem == "" && r.JWKSURL == "" {
		defaults["jwks_url"] = r.keysFrom()
	}
	if want, err := r.requirements(); err == nil {
		defaults["issuer"] = want.Issuers
	}
	return defaults
}

// keysFrom says where the instance's keys come from.
func (r *resolved) keysFrom() string {
	switch {
	case r.keys.pem != "":
		return "jwt_key"
	case r.keys.backendAPI:
		return "the Backend API, " + cmp.Or(r.APIURL, backendapi.DefaultAPIURL)
	case r.keys.url != "":
		return r.keys.url
	default:
		return "nowhere"
	}
}

// policySettings gives what a gate has beyond Settings.
func (h *Handler) policySettings() []settingReport {
	if h == nil {
		return nil
	}
	own := *h
	own.Settings, own.Instance = Settings{}, ""
	if own.IdentityHeaders != nil {
		own.IdentityHeaders = &IdentityHeaders{Prefix: own.IdentityHeaders.Prefix, Headers: withoutLiterals(own.IdentityHeaders.Headers)}
	}
	raw, err := json.Marshal(own)
	if err != nil {
		return nil
	}
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	reports := make([]settingReport, 0, len(members))
	for _, name := range sortedKeys(members) {
		reports = append(reports, settingReport{name, members[name], layerDirective})
	}
	return reports
}

// withoutLiterals hides the values of headers that are no placeholders: one may
// be what an application knows the edge by.
func withoutLiterals(headers map[string]string) map[string]string {
	shown := make(map[string]string, len(headers))
	for name, value := range headers {
		if !strings.ContainsRune(value, '{') {
			value = "…"
		}
		shown[name] = value
	}
	return shown
}
