import './base.css';
import './sections.css';
import './cells.css';
import './forms.css';
import './views.css';
