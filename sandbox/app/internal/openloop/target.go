package openloop

import (
	"fmt"
	"net"
	"net/url"
	"os"
)

// CheckTarget refuses load to anything but this machine's loopback or, from inside the sandbox's network namespace, an
// address in it: that namespace has no way out, so such load cannot reach anybody else.
func CheckTarget(target, namespace string) error {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Scheme != "http" || parsed.Hostname() == "" {
		return fmt.Errorf("-url %q: expected http://ADDRESS[:PORT]/PATH", target)
	}
	if parsed.Hostname() == "localhost" {
		return nil
	}
	address := net.ParseIP(parsed.Hostname())
	if address == nil {
		return fmt.Errorf("-url %q: name an IP address, not a host name, so that the load cannot end elsewhere", target)
	}
	if address.IsLoopback() || inside(namespace) {
		return nil
	}
	return fmt.Errorf("-url %q: only loopback, or from inside the sandbox (nsenter --net=%s), never another host", target, namespace)
}

func inside(namespace string) bool {
	own, err := os.Stat("/proc/self/ns/net")
	if err != nil {
		return false
	}
	sandbox, err := os.Stat(namespace)
	return err == nil && os.SameFile(own, sandbox)
}
