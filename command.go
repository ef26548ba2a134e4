// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "clerk",
		Usage: "<verify | doctor | config>",
		Short: "Explains tokens, finds faults and shows the settings of the Clerk gates",
		Long:  commandHelp,
		CobraFunc: func(parent *cobra.Command) {
			newConsole().addTo(parent)
		},
	})
}

const commandHelp = `
Three commands for whoever runs gates in front of sites with clerk_auth.

verify explains a token check by check: what it says, which key it is held
against, which rule refuses it, and what to do about it.

doctor holds keys, clocks, addresses and sites against each other, asks Clerk,
and says what is wrong and what to do about it.

config prints the effective settings of each gate, and where each comes from.

All three take their settings from the configuration that --config names. Without
it they take the Caddyfile of the working directory, if there is one with a gate
in it, and else the environment: CLERK_PUBLISHABLE_KEY, CLERK_SECRET_KEY,
CLERK_MACHINE_SECRET_KEY, CLERK_JWT_KEY and CLERK_API_URL. Placeholders such as
{env.CLERK_SECRET_KEY} are expanded in the environment of the command, which must
be that of Caddy for the result to be.

No command starts a server, and none prints a secret key, a signature or a whole
token. What they print is for people; --json is for programs. Colors are for
terminals, unless NO_COLOR is set.

The exit status is 0 if all is well, 1 if a token is refused or a check has
failed, and 2 if the command could not be carried out as it was called.`

// The exit statuses beyond 0.
const (
	exitNotWell = 1
	exitUsage   = 2
)

// console is what commands see of the world.
type console struct {
	in          io.Reader
	out, errors io.Writer
	colors      bool
	// transport carries what is asked of Clerk; http.DefaultTransport when nil.
	transport http.RoundTripper
	now       func() time.Time
	// fetched are the key sets that were asked for: gates share them.
	fetched map[string]*fetchedSet
}

func newConsole() *console {
	_, plain := os.LookupEnv("NO_COLOR")
	return &console{
		in:     os.Stdin,
		out:    os.Stdout,
		errors: os.Stderr,
		colors: !plain && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(os.Stdout.Fd())), //nolint:gosec // A descriptor is small.
		now:    time.Now,

		fetched: make(map[string]*fetchedSet),
	}
}

// addTo adds the commands to their parent.
func (c *console) addTo(parent *cobra.Command) {
	parent.Args = cobra.ArbitraryArgs
	parent.RunE = c.run(func(cmd *cobra.Command, args []string) (bool, error) {
		if len(args) > 0 {
			return false, fmt.Errorf("expected verify, doctor or config, got %q", shorten(args[0]))
		}
		return true, cmd.Help()
	})
	c.prepare(parent)
	for _, add := range []func() *cobra.Command{c.verifyCommand, c.doctorCommand, c.configCommand} {
		cmd := add()
		c.prepare(cmd)
		cmd.Flags().Bool("json", false, "Print JSON, for programs")
		cmd.Flags().StringP("config", "c", "", "Configuration file (default: the Caddyfile here, or else the environment)")
		cmd.Flags().StringP("adapter", "a", "", "Name of the config adapter, for a file that is neither a Caddyfile nor JSON")
		parent.AddCommand(cmd)
	}
}

// prepare gives mistakes in flags the same status as all others.
func (c *console) prepare(cmd *cobra.Command) {
	cmd.Long = strings.TrimSpace(cmd.Long)
	cmd.DisableFlagsInUseLine = true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return c.fail(cmd, err)
	})
}

var errNotWell = errors.New("not all is well")

// run makes a command of a function that tells whether all is well.
func (c *console) run(f func(*cobra.Command, []string) (bool, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		well, err := f(cmd, args)
		if err != nil {
			return c.fail(cmd, err)
		}
		if !well {
			// What is wrong has been said. Caddy exits with 1 for any error.
			cmd.SilenceErrors = true
			return errNotWell
		}
		return nil
	}
}

// fail says why the command could not be carried out.
func (c *console) fail(cmd *cobra.Command, err error) error {
	fmt.Fprintf(c.errors, "Error: %s\nRun '%s --help' for usage.\n", hideKeys(oneLine(err.Error())), cmd.CommandPath())
	cmd.SilenceErrors = true
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return exitUsage, nil })(cmd, nil)
}

// configured gives what the flags name: what a configuration has of this module,
// or else a gate of the environment.
func (c *console) configured(cmd *cobra.Command) (*configured, error) {
	flags := caddycmd.Flags{FlagSet: cmd.Flags()}
	file, adapter := flags.String("config"), flags.String("adapter")
	config, file, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return nil, err
	}
	if len(config) > 0 {
		found, err := readConfiguration(config)
		if err != nil || len(found.gates)+len(found.proxies) > 0 {
			return found, err
		}
	}
	if flags.String("config") != "" {
		return nil, fmt.Errorf("expected a %s or a %s in %s, got neither", directive, proxyDirective, file)
	}
	gates, err := gatesOfEnvironment()
	return &configured{gates: gates}, err
}

// gatesOfEnvironment gives one that has nothing but the environment's settings.
func gatesOfEnvironment() ([]configuredGate, error) {
	gate := configuredGate{kind: "the environment", app: &App{mu: new(sync.Mutex)}}
	if s := gate.settings(); s.PublishableKey == "" && s.SecretKey == "" && s.JWTKey == "" {
		return nil, errors.New("expected --config, a Caddyfile here with a " + directive + " in it, or CLERK_PUBLISHABLE_KEY in the environment, got none of them")
	}
	return []configuredGate{gate}, nil
}
