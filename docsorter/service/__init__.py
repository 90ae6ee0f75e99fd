"""The composer: wires the rooms together into the daemon and into every act that moves a file."""
