document.title = 'Backdock'
