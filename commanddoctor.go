// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

func (c *console) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [--config <path> [--adapter <name>]] [--json]",
		Short: "Finds what is wrong with keys, clocks, addresses and sites",
		Long: `
Looks at each gate of the configuration, and at each clerk_proxy of a server
without gates, and says what is wrong, and what to do about it:

  settings            are complete and do not contradict each other
  secrets             stand neither in the configuration nor in files for everybody
  Backend API         answers at api_url and accepts the secret key
  Frontend API        of the publishable key answers
  key set             which tokens are held against can be had, and its keys are of use
  instance            is the same by the publishable key, the secret key and the public key
  clock               of this machine is that of Clerk
  proxy               at proxy_url answers as Clerk, finds no fault there, and is before the gate
  encryption          of the sites is what browsers keep session cookies with
  cookies             of a production instance reach the sites
  authorized parties  name the sites
  sign-in page        is not behind the gate that sends people there

It asks Clerk for the key sets, and where there is a proxy_url for the domains and
for what Clerk makes of the proxy, in at most ten seconds each. It sends the secret
key to the origin of api_url and to nobody else. It starts no server: that a site
can be reached, it does not try, except for a proxy_url that is a path on it.

Each check is ok, a warning, failed, or skipped for want of what it takes. The
exit status is 1 if a check has failed, and 0 with nothing but warnings.`,
		Example: `  $ caddy clerk doctor --config /etc/caddy/Caddyfile
  $ caddy clerk doctor
  $ caddy clerk doctor --json | jq -r '.gates[].checks[] | select(.result == "failed") | .remedy'`,
		RunE: c.run(c.doctor),
	}
}

// checkup is what an examination of a gate has found.
type checkup struct {
	Name    string `json:"name"`
	Result  string `json:"result"`
	Finding string `json:"finding"`
	// Remedy is what to do about it; empty when all is well.
	Remedy string `json:"remedy,omitempty"`
}

// The results of checkups.
const (
	checkupOK      = "ok"
	checkupWarning = "warning"
	checkupFailed  = "failed"
	checkupSkipped = "skipped"
)

func fine(format string, args ...any) checkup {
	return checkup{Result: checkupOK, Finding: fmt.Sprintf(format, args...)}
}

func skipped(format string, args ...any) checkup {
	return checkup{Result: checkupSkipped, Finding: fmt.Sprintf(format, args...)}
}

func warning(remedy, format string, args ...any) checkup {
	return checkup{Result: checkupWarning, Finding: fmt.Sprintf(format, args...), Remedy: remedy}
}

func failed(remedy, format string, args ...any) checkup {
	return checkup{Result: checkupFailed, Finding: fmt.Sprintf(format, args...), Remedy: remedy}
}

// patient is a gate that is examined, or a proxy that stands alone.
type patient struct {
	*resolved
	gate *configuredGate
	// path is that of the proxy, empty for a gate.
	path string
	// backend and frontend are what the two APIs say the keys are, nil when one
	// was not asked; own are the keys that tokens are held against, when they
	// are fetched.
	backend, frontend, own *fetchedSet
}

// examination is something that is looked at once the settings are right.
type examination struct {
	name    string
	examine func(context.Context, *console, *patient) []checkup
}

// The examinations of gates, and of proxies that stand alone.
var (
	gateExaminations = []examination{
		{"secrets", examineSecrets},
		{"Backend API", examineBackendAPI},
		{"Frontend API", examineFrontendAPI},
		{"key set", examineKeySet},
		{"instance", examineInstance},
		{"clock", examineClock},
		{"proxy", examineProxy},
		{"encryption", examineEncryption},
		{"cookies", examineCookies},
		{"authorized parties", examineAuthorizedParties},
		{"sign-in page", examineSignInPage},
	}
	proxyExaminations = []examination{
		{"secrets", examineSecrets},
		{"Backend API", examineBackendAPI},
		{"Frontend API", examineFrontendAPI},
		{"instance", examineInstance},
		{"clock", examineClock},
		{"encryption", examineEncryption},
		{"proxy", examineProxyAlone},
	}
)

// doctorReport is what is printed.
type doctorReport struct {
	Gates []gateCheckups `json:"gates"`
	// Proxies are those of servers without gates.
	Proxies  []gateCheckups `json:"proxies"`
	Failed   int            `json:"failed"`
	Warnings int            `json:"warnings"`
}

type gateCheckups struct {
	Gate   string    `json:"gate"`
	Checks []checkup `json:"checks"`
}

func (c *console) doctor(cmd *cobra.Command, args []string) (bool, error) {
	if len(args) > 0 {
		return false, fmt.Errorf("expected no arguments, got %q", shorten(args[0]))
	}
	found, err := c.configured(cmd)
	if err != nil {
		return false, err
	}
	report := doctorReport{Gates: []gateCheckups{}, Proxies: []gateCheckups{}}
	for i := range found.gates {
		gate := &found.gates[i]
		checks := c.examineGate(cmd.Context(), gate)
		report.count(checks)
		report.Gates = append(report.Gates, gateCheckups{gate.String(), checks})
	}
	for _, proxy := range found.proxiesAlone() {
		gate := proxy.keys()
		checks := c.examineProxy(cmd.Context(), &proxy, &gate)
		report.count(checks)
		report.Proxies = append(report.Proxies, gateCheckups{gate.String(), checks})
	}
	well, secrets := report.Failed == 0, found.secrets()
	if (caddycmd.Flags{FlagSet: cmd.Flags()}).Bool("json") {
		return well, c.printJSON(secrets, report)
	}
	return well, c.print(secrets, c.doctorText(report))
}

func (r *doctorReport) count(checks []checkup) {
	for _, check := range checks {
		switch check.Result {
		case checkupFailed:
			r.Failed++
		case checkupWarning:
			r.Warnings++
		}
	}
}

func (c *console) examineGate(ctx context.Context, g *configuredGate) []checkup {
	r, err := g.resolve()
	if err != nil {
		return settingsAreWrong(err, "docs/clerk_auth.md")
	}
	return c.examine(ctx, &patient{resolved: r, gate: g}, gateExaminations)
}

func (c *console) examineProxy(ctx context.Context, proxy *configuredProxy, gate *configuredGate) []checkup {
	settled, r, err := proxy.settle()
	if err != nil {
		return settingsAreWrong(err, "docs/clerk_proxy.md")
	}
	return c.examine(ctx, &patient{resolved: r, gate: gate, path: settled.Path}, proxyExaminations)
}

func settingsAreWrong(err error, page string) []checkup {
	problem, remedy := splitRemedy(err)
	check := failed(remedyOr(remedy, "correct the setting, see "+page), "%s", problem)
	rest := skipped("the settings must be right first")
	check.Name, rest.Name = "settings", "all else"
	return []checkup{check, rest}
}

func (c *console) examine(ctx context.Context, p *patient, examinations []examination) []checkup {
	check := fine("%s", p.summary())
	check.Name = "settings"
	checks := []checkup{check}
	for _, e := range examinations {
		for _, check := range e.examine(ctx, c, p) {
			check.Name = e.name
			checks = append(checks, check)
		}
	}
	return checks
}

func remedyOr(remedy, otherwise string) string {
	if remedy != "" {
		return remedy
	}
	return otherwise
}

// summary says in a line what instance the settings name.
func (r *resolved) summary() string {
	if r.PublishableKey == "" {
		return "no publishable key, so only machine tokens are accepted"
	}
	return fmt.Sprintf("a %s instance, %s", r.key.InstanceType, r.key.FrontendAPI)
}

// doctorText writes a report for people.
func (c *console) doctorText(report doctorReport) string {
	var text strings.Builder
	var remedies []string
	for _, g := range slices.Concat(report.Gates, report.Proxies) {
		fmt.Fprintf(&text, "%s\n", c.bold(oneLine(g.Gate)))
		for _, check := range g.Checks {
			fmt.Fprintf(&text, "  %s %-18s  %s\n", c.result(check.Result), check.Name, oneLine(check.Finding))
			remedy := fmt.Sprintf("%s: %s", check.Name, oneLine(check.Remedy))
			if check.Remedy != "" && !slices.Contains(remedies, remedy) {
				remedies = append(remedies, remedy)
			}
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "%s\n", c.verdict(report))
	for i, remedy := range remedies {
		fmt.Fprintf(&text, "  %d. %s\n", i+1, remedy)
	}
	return text.String()
}

func (c *console) verdict(report doctorReport) string {
	switch {
	case report.Failed > 0:
		return c.color(resultColors["failed"], fmt.Sprintf("Not in order: %d failed, %d %s. What to do:", report.Failed, report.Warnings, plural(report.Warnings, "warning")))
	case report.Warnings > 0:
		return c.color(resultColors["warning"], fmt.Sprintf("In order, with %d %s. What to do:", report.Warnings, plural(report.Warnings, "warning")))
	default:
		return c.color(resultColors["ok"], "All in order.")
	}
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
