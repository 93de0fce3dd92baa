// CoreDNS with only the plugins that the test cluster's Corefile names: the full list triples the build.
package main

import (
	_ "github.com/coredns/caddy"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/reload"
)

func main() { coremain.Run() }
