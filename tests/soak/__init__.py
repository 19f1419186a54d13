"""What takes long on purpose: ``make soak`` runs it at full size, and a size that fits stands among the slow tests."""
